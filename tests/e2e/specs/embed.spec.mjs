import { readFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";

import AxeBuilder from "@axe-core/playwright";

import { expect, open, test } from "../page.mjs";

const RAG = await readFile(new URL("../../../public/examples/rag.modelspec.yaml", import.meta.url), "utf8");
const link = (text) => `#v1:${deflateRawSync(Buffer.from(text)).toString("base64url")}`;
const FAULTY = RAG.replace("query: {dim: 768", "query: {dim: 1024");

/** A page of documentation under `/some/prefix/` that shows a graph in a frame. */
async function host(page, hash, attributes = "") {
  await page.route("**/some/prefix/host.html", (route) => route.fulfill({
    contentType: "text/html",
    body: `<!doctype html><title>Host</title><h1>Documentation</h1>
      <iframe src="embed.html${hash}" title="Graph" width="900" height="420" ${attributes}></iframe>`,
  }));
  await page.goto("/some/prefix/host.html");
  return page.frameLocator("iframe");
}

test("a page under a prefix shows a graph in a frame, with a way to the designer", async ({ page }) => {
  const frame = await host(page, link(RAG));
  await expect(frame.getByRole("heading", { level: 1 })).toHaveText("rag");
  await expect(frame.locator(".canvas")).toBeVisible();
  await expect(frame.locator(".canvas.editable")).toHaveCount(0);
  const designer = frame.getByRole("link", { name: "Open in the designer" });
  const address = new URL(await designer.getAttribute("href"));
  expect(address.pathname).toBe("/some/prefix/index.html");
  expect(address.hash).toBe(link(RAG));
  await expect(designer).toHaveAttribute("target", "_blank");

  await open(page, address.pathname + address.hash);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("rag");
});

test("findings are counted, and unfold with their sentences", async ({ page }) => {
  await open(page, `/embed.html${link(FAULTY)}`);
  await expect(page.locator(".embed-bar .pill.error")).toHaveText(/\d+ errors?/);
  await page.locator(".embed-findings summary").click();
  await expect(page.locator(".embed-finding.error").first()).toContainText("768");
  await page.locator(".embed-finding.error").first().click();
});

test("the page follows its address", async ({ page }) => {
  await open(page, `/embed.html${link(RAG)}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("rag");
  await page.evaluate((hash) => (location.hash = hash), link(RAG.replace("name: rag", "name: other")));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("other");
  await page.evaluate(() => (location.hash = "#v1:nothing"));
  await expect(page.getByRole("alert")).toContainText("damaged");
});

test("an address without a document teaches how to make one", async ({ page }) => {
  await open(page, "/embed.html");
  await expect(page.getByRole("alert")).toContainText("choose Share and copy the embed code");
  await expect(page.getByRole("alert")).toContainText("/embed.html#v1:…");
  await expect(page.getByRole("link", { name: "Open the designer" })).toHaveAttribute("href", /\/index\.html$/);
});

test("a text without a graph is told, with its findings", async ({ page }) => {
  await open(page, `/embed.html${link("apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec: [\n")}`);
  await expect(page.locator(".embed-findings summary")).toBeVisible();
  await expect(page.locator(".embed-bar .pill.error")).toBeVisible();
});

test("it touches no storage", async ({ page }) => {
  await page.addInitScript(() => {
    globalThis.touched = [];
    for (const name of ["indexedDB", "sessionStorage", "localStorage"]) {
      const value = globalThis[name];
      Object.defineProperty(globalThis, name, {
        get() {
          globalThis.touched.push(name);
          return value;
        },
      });
    }
  });
  await open(page, `/embed.html?theme=dark${link(FAULTY)}`);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.locator(".embed-findings summary").click();
  await page.locator(".embed-finding").first().click();
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.waitForTimeout(700);
  expect(await page.evaluate(() => globalThis.touched)).toEqual([]);
});

test("in a sandbox of the same origin it runs", async ({ page }) => {
  const frame = await host(page, link(RAG), 'sandbox="allow-scripts allow-same-origin"');
  await expect(frame.getByRole("heading", { level: 1 })).toHaveText("rag");
});

test("in a sandbox without an origin it runs where the host allows it", async ({ page }) => {
  await page.route("**/some/prefix/**", async (route) => {
    if (route.request().url().endsWith("host.html")) return route.fallback();
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "access-control-allow-origin": "*" } });
  });
  const frame = await host(page, link(RAG), 'sandbox="allow-scripts"');
  await expect(frame.getByRole("heading", { level: 1 })).toHaveText("rag");
});

test("the embedded page has no accessibility violation that axe knows", async ({ page }) => {
  for (const address of [`/embed.html${link(FAULTY)}`, "/embed.html"]) {
    await page.goto("about:blank");
    await open(page, address);
    const summary = page.locator(".embed-findings summary");
    if (address.includes("#")) await summary.click();
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
  }
});
