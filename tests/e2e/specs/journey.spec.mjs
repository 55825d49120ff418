// The path of a new user, from the gallery to a download, and back after a reload.
import { readFile } from "node:fs/promises";

import AxeBuilder from "@axe-core/playwright";

import { expect, open, test } from "../page.mjs";
import { hashOf, template } from "../share.mjs";

const guarded = await template("rag-guarded");
const card = (page, item) => page.locator(`[data-item="${item}"]`);
const edge = (page, id) => page.locator(`[data-edge="${id}"]`);
const tab = (page, name) => page.getByRole("tab", { name });
const undo = (page) => page.getByRole("button", { name: "Undo", exact: true });
/** Types into an open list and takes the first that fits. */
async function choose(page, list, words) {
  const field = page.getByRole("dialog").getByRole("combobox", { name: list });
  await field.fill(words);
  await field.press("Enter");
}

/** The document, as saving it gives it. */
async function saved(page) {
  const download = page.waitForEvent("download");
  // Without the dialog of the File System Access API, saving is a download.
  await page.evaluate(() => delete globalThis.showSaveFilePicker);
  await page.keyboard.press("Control+s");
  return readFile(await (await download).path(), "utf8");
}

/** Finds a text in the text pane and types another over it. */
async function retype(page, words, other) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+f");
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.keyboard.insertText(other);
}

test("from a template through a mistake, its fix, and a move, to an export and back", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: /RAG with guardrails/ }).first().click();
  await expect(card(page, "node:generator")).toBeVisible();
  await expect(page.getByText("No problems").first()).toBeVisible();
  await expect(edge(page, "embedder.vector→store.query")).not.toHaveAttribute("data-state", "error");

  // 1024 becomes 768 in the text: the edge turns red, and the problem names both values.
  await tab(page, "Text").click();
  const line = "query: {type: {kind: vector, dim: 1024";
  expect(guarded).toContain(line);
  await retype(page, line, line.replace("1024", "768"));
  await expect(edge(page, "embedder.vector→store.query")).toHaveAttribute("data-state", "error");
  await tab(page, "Problems").click();
  const problem = page.getByRole("tabpanel", { name: /Problems/ });
  await expect(problem).toContainText("MG301");
  await expect(problem).toContainText("embedder.vector gives 1024 dimensions, store.query takes 768");

  // The fix mends it.
  await problem.getByRole("button", { name: "Let store.query have 1024 dimensions" }).click();
  await expect(edge(page, "embedder.vector→store.query")).not.toHaveAttribute("data-state", "error");

  // A node is moved, and the comments of the text stay.
  const box = await card(page, "node:guard").boundingBox();
  await page.mouse.move(box.x + 60, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + 100, box.y + 84, { steps: 6 });
  await page.mouse.up();
  const moved = await saved(page);
  expect(moved).not.toBe(guarded);
  for (const comment of guarded.match(/#.*$/gm)) expect(moved).toContain(comment);

  // Undo leads back to the exact bytes.
  while (await undo(page).isEnabled()) await undo(page).click();
  expect(await saved(page)).toBe(guarded);

  // Another change, the export, and the work is there again after a reload.
  await card(page, "node:guard").focus().catch(() => {});
  await page.mouse.move(box.x + 60, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 84, { steps: 6 });
  await page.mouse.up();
  const kept = await saved(page);
  await tab(page, "Export").click();
  await page.getByRole("navigation", { name: "Targets" }).getByRole("button", { name: /^Kubernetes/ }).click();
  await expect(page.locator("#export-preview")).toContainText("apiVersion");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "All as zip" }).click();
  const archive = await readFile(await (await download).path());
  expect(archive.subarray(0, 4).toString("latin1")).toBe("PK\x03\x04");
  expect(archive.includes("kind: NetworkPolicy")).toBe(true);

  await expect(page.locator(".title-state")).toContainText("saved");
  await page.reload();
  await expect(card(page, "node:generator")).toBeVisible();
  expect(await saved(page)).toBe(kept);
});

test("with the keyboard alone: two nodes are added and joined", async ({ page }) => {
  await open(page);
  await page.keyboard.press("a");
  await choose(page, "Add a node", "embedder");
  await expect(card(page, "node:embedder")).toBeVisible();
  await page.keyboard.press("a");
  await choose(page, "Add a node", "retriever");
  await expect(card(page, "node:retriever")).toBeVisible();

  await page.keyboard.press("Control+k");
  await choose(page, "Search", "embedder");
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await choose(page, /embedder/, "retriever.query");
  await expect(edge(page, "embedder.vector→retriever.query")).toHaveCount(1);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in any view, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page, `/${hashOf(guarded)}`);
    await expect(card(page, "node:generator")).toBeVisible();
    const check = async (view) => {
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
      expect(found, view).toEqual([]);
    };
    await check("the graph");
    await card(page, "node:store").click();
    await check("the inspector");
    for (const name of ["Text", "Outline", "Simulate", "Import", "Export", "Problems"]) {
      await tab(page, name).click();
      if (name === "Text") await expect(page.locator(".cm-content")).toBeVisible();
      if (name === "Export") await expect(page.locator("#export-preview")).toBeVisible();
      if (name === "Simulate") {
        await page.getByRole("button", { name: "Run" }).click();
        await expect(page.getByRole("rowheader", { name: "reranker" })).toBeVisible({ timeout: 60_000 });
      }
      await check(name);
    }
    await page.keyboard.press("Control+k");
    await check("the command palette");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await check("the shortcuts");
  });
}
