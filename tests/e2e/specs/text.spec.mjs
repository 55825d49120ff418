import { readFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";

import { expect, open, test } from "../page.mjs";

const RAG = await readFile(new URL("../../../public/examples/rag.modelspec.yaml", import.meta.url), "utf8");
const link = (text) => `#v1:${deflateRawSync(Buffer.from(text)).toString("base64url")}`;

const content = (page) => page.locator(".text-editor .cm-content");

/** Opens a document with its text. */
async function openText(page, text) {
  await open(page, `/${link(text)}`);
  await page.getByRole("tab", { name: "Text" }).click();
  await expect(content(page)).toBeVisible();
}

/** The text as the editor holds it, lines out of sight included. */
const shown = (page) => page.evaluate(() => {
  const content = document.querySelector(".text-editor").shadowRoot.querySelector(".cm-content");
  return content.cmTile?.view.state.doc.toString() ?? content.cmView.view.state.doc.toString();
});

/** Puts the caret behind the first occurrence of a text, by the editor's own search for a line. */
async function caretBehind(page, text) {
  const line = page.locator(".text-editor .cm-line", { hasText: text }).first();
  await line.click();
  await page.keyboard.press("End");
}

/** Runs a command by its name. */
async function run(page, command) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^(Search|Recover)/ }).fill(command);
  await page.keyboard.press("Enter");
}

test("the editor shows the document and nothing is lost on the way", async ({ page }) => {
  await openText(page, RAG);
  expect(await shown(page)).toBe(RAG);
});

test("typing shows a problem in the list and under the text, and undo takes all back", async ({ page }) => {
  const wide = RAG.replaceAll("dim: 768", "dim: 1024").replace("hidden: 768", "hidden: 1024");
  await openText(page, wide);
  await expect(page.locator(".text-editor .cm-lintRange-error")).toHaveCount(0);
  await content(page).click();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("query: {dim: 1024");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.keyboard.press("ArrowRight");
  for (let at = 0; at < 4; at++) await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.type("768", { delay: 20 });
  expect(await shown(page)).toBe(wide.replace("query: {dim: 1024", "query: {dim: 768"));
  await expect(page.locator(".counts .pill.error")).toHaveText(/\d+ errors?/);
  await page.keyboard.press("F8");
  await expect(page.locator(".text-editor .cm-lintRange-error").first()).toBeVisible();
  await expect(page.locator(".text-editor .cm-lint-marker-error").first()).toBeVisible();
  await page.keyboard.press("Control+z");
  expect(await shown(page)).toBe(wide);
  await expect(page.locator(".text-editor .cm-lintRange-error")).toHaveCount(0);
});

test("text that cannot be parsed loses no character, and the canvas says why it waits", async ({ page }) => {
  await openText(page, RAG);
  await content(page).click();
  await page.keyboard.press("Control+End");
  const typed = "\"[{: Grüße 図 😀";
  await page.keyboard.insertText(typed);
  expect(await shown(page)).toBe(RAG + typed);
  await expect(page.getByText(/hides the structure/)).toBeVisible();
  await page.keyboard.press("Control+z");
  expect(await shown(page)).toBe(RAG);
  await expect(page.getByText(/hides the structure/)).toBeHidden();
});

test("an edit elsewhere keeps the remarks, and undo restores the exact bytes", async ({ page }) => {
  await openText(page, RAG);
  await page.getByRole("button", { name: /^reranker|reranker/ }).first().click();
  await expect.poll(() => shown(page)).toContain("role: reranker");
  const after = await shown(page);
  expect(after).not.toBe(RAG);
  for (const remark of RAG.match(/#.*$/gm) ?? []) expect(after).toContain(remark);
  while (await page.getByRole("button", { name: "Undo" }).isEnabled()) {
    await page.getByRole("button", { name: "Undo" }).click();
  }
  expect(await shown(page)).toBe(RAG);
});

test("Ctrl+Space completes, and a hover explains", async ({ page }) => {
  await openText(page, RAG);
  await caretBehind(page, "role: retriever");
  await page.keyboard.press("Enter");
  await page.keyboard.type("limi");
  await expect(page.locator(".text-editor .cm-tooltip-autocomplete li", { hasText: "limits" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+z");
  await page.locator(".text-editor .cm-line", { hasText: "apiVersion" }).first().locator("span").first().hover();
  await expect(page.locator(".text-editor .cm-help")).toContainText("apiVersion");
});

test("the caret selects what it stands in, and typing goes on", async ({ page }) => {
  await openText(page, RAG);
  await caretBehind(page, "role: embedder");
  await run(page, "Remove the selection");
  await expect.poll(() => shown(page)).not.toContain("role: embedder");
});

test("what is selected elsewhere is shown in the text, which does not take the focus", async ({ page }) => {
  await openText(page, RAG);
  await expect(page.locator(".text-editor .cm-activeLine")).toContainText("# Plain");
  await run(page, "generator");
  await expect(page.locator(".text-editor .cm-activeLine").filter({ hasText: "generator:" })).toBeVisible();
  await expect(page.locator(".text-editor")).not.toBeFocused();
});

test("a fix that is chosen in the text mends it", async ({ page }) => {
  await openText(page, RAG.replace("kind: ModelGraph", "kind: ModelGraf"));
  const line = page.locator(".text-editor .cm-lintRange-error", { hasText: "ModelGraf" });
  await line.hover();
  await page.locator(".text-editor .cm-diagnosticAction").first().click();
  await expect.poll(() => shown(page)).toBe(RAG);
});

test("an editor that could not be loaded can be asked for again", async ({ page, problems }) => {
  let refuse = true;
  await page.route(/editor-[0-9a-f]+\.js/, (route) => (refuse ? route.abort() : route.continue()));
  await open(page, `/${link(RAG)}`);
  await page.getByRole("tab", { name: "Text" }).click();
  await expect(page.getByText("The text editor could not be loaded")).toBeVisible();
  refuse = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(content(page)).toBeVisible();
  expect(await shown(page)).toBe(RAG);
  problems.length = 0;
});
