import AxeBuilder from "@axe-core/playwright";

import { expect, open, openFirst, test } from "../page.mjs";
import { hashOf, template } from "../share.mjs";
import { PREFIXES } from "../playwright.config.mjs";

for (const prefix of PREFIXES) {
  test(`the designer starts under ${prefix}`, async ({ page }) => {
    await open(page, prefix);
    await expect(page.locator("#loading")).toHaveCount(0);
    const assets = await page.evaluate(() => globalThis.modelspecAssets);
    for (const address of Object.values(assets)) {
      expect(address).toContain(`http://127.0.0.1:${new URL(page.url()).port}${prefix}`);
    }
  });

  test(`the text editor is there when asked for, under ${prefix}`, async ({ page }) => {
    await open(page, prefix);
    const mount = await page.evaluate(async () => {
      const editor = await import(globalThis.modelspecAssets.editor);
      return typeof editor.mount;
    });
    expect(mount).toBe("function");
  });
}

test("embed.html starts the same program in its embedded mode", async ({ page }) => {
  await open(page, "/embed.html");
  await expect(page.locator("html")).toHaveAttribute("data-mode", "embed");
});

const REST = /modelspec-rest/;
const hasRest = (page) => page.evaluate(() => "rest" in globalThis.modelspecAssets);

for (const [what, address] of [["the empty designer", "/"], ["a shared graph", "/index.html"], ["an embedded graph", "/embed.html"]]) {
  test(`the first picture of ${what} needs the first file of the program alone`, async ({ page }) => {
    const shared = address === "/" ? "" : hashOf(await template("rag-guarded"));
    await openFirst(page, address + shared);
    test.skip(!(await hasRest(page)), "a debug build is one file");
    await page.waitForFunction(() => performance.getEntriesByName("first-picture").length);
    await expect.poll(() => page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("modelspec-rest")))).toBe(true);
    const early = await page.evaluate(() => {
      const [picture] = performance.getEntriesByName("first-picture");
      return performance.getEntriesByType("resource").filter(({ name, startTime }) => name.includes("modelspec-rest") && startTime < picture.startTime).length;
    });
    expect(early).toBe(0);
  });
}

test("who asks for a room before the second file has come gets it", async ({ page }) => {
  let asked = 0;
  await page.route(REST, async (route) => {
    asked += 1;
    // The page's own request hangs; what is asked for later must not wait for it.
    if (asked > 1) await route.continue();
  });
  await openFirst(page, `/index.html${hashOf(await template("rag-guarded"))}`);
  test.skip(!(await hasRest(page)), "a debug build is one file");
  await expect.poll(() => asked).toBe(1);
  await page.getByRole("tab", { name: "Outline" }).click();
  await expect(page.getByRole("treeitem").first()).toBeVisible();
  expect(asked).toBe(2);
});

test("the second file is asked for again where a request fails", async ({ page, problems }) => {
  let asked = 0;
  await page.route(REST, async (route) => {
    asked += 1;
    if (asked === 1) await route.abort();
    else await route.continue();
  });
  await openFirst(page, `/index.html${hashOf(await template("rag-guarded"))}`);
  test.skip(!(await hasRest(page)), "a debug build is one file");
  await expect(page.getByRole("complementary", { name: "Inspector" }).getByRole("heading", { name: "support-rag" })).toBeVisible();
  expect(asked).toBe(2);
  problems.length = 0;
});

test("an empty designer on a phone begins with a template", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await page.getByRole("button", { name: /Retrieval-augmented generation/ }).click();
  await expect(page.getByRole("heading", { name: "Begin with a template" })).toBeHidden();
});

test("the top bar of a phone holds its buttons when there is much to say", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const text = (await template("rag-guarded")).replace("gpu: H100", "gpu: T4").replace("p95: 8s", "p95: 50ms");
  await open(page, `/index.html${hashOf(text)}`);
  await expect(page.getByText("1 error").first()).toBeVisible();
  const { x, width } = await page.getByRole("button", { name: "Export" }).first().boundingBox();
  expect(x + width).toBeLessThanOrEqual(390);
});

test("the browser gives a WebGPU adapter", async ({ page }) => {
  await open(page);
  expect(await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) !== null)).toBe(true);
});

test("the policy refuses inline scripts and styles", async ({ page, problems }) => {
  await open(page);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.inlineRan = true";
    document.head.append(script);
    const style = document.createElement("style");
    style.textContent = "body { outline: 1px solid red }";
    document.head.append(style);
  });
  expect(await page.evaluate(() => globalThis.inlineRan)).toBeUndefined();
  await expect.poll(() => problems.filter((problem) => problem.startsWith("policy:")).length).toBe(2);
  problems.length = 0;
});

test("the first page has no accessibility violation that axe knows", async ({ page }) => {
  await open(page);
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
});
