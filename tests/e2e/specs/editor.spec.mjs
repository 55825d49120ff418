import { expect, open, test } from "../page.mjs";

const TEXT = "kind: ModelGraph\nnodes:\n  - id: embedder\n    role: embedder\n";

/** Opens the text editor by itself, over the page; what it reports gathers in `window.seen`. */
async function mount(page, options = {}) {
  await open(page);
  await page.evaluate(async ([text, options]) => {
    const { mount } = await import(globalThis.modelspecAssets.editor);
    document.body.replaceChildren();
    const before = document.createElement("button");
    before.textContent = "before";
    const host = document.createElement("div");
    host.id = "host";
    host.style.height = "400px";
    const after = document.createElement("button");
    after.textContent = "after";
    document.body.append(before, host, after);
    window.seen = { changes: [], fixes: [], undo: 0, redo: 0, cursor: null };
    window.editor = mount(host, {
      text,
      label: "Document",
      onChange: (changes, text) => window.seen.changes.push({ changes, text }),
      onCursor: (offset) => (window.seen.cursor = offset),
      complete: (text, offset) => {
        const from = text.lastIndexOf(" ", offset - 1) + 1;
        return [
          { label: "embedder", detail: "text to vector", from, to: offset, type: "enum" },
          { label: "reranker", apply: "reranker # orders", from, to: offset, type: "enum" },
        ];
      },
      hover: (text, offset) => (text.startsWith("kind", offset - (offset % 4)) ? "What the document is." : null),
      onFix: (diagnostic, fix) => window.seen.fixes.push([diagnostic, fix]),
      onUndo: () => window.seen.undo++,
      onRedo: () => window.seen.redo++,
      ...options,
    });
  }, [TEXT, options]);
  return {
    content: page.locator("#host .cm-content"),
    seen: () => page.evaluate(() => window.seen),
    text: () => page.evaluate(() => {
      const lines = document.getElementById("host").shadowRoot.querySelectorAll(".cm-line");
      return [...lines].map((line) => line.textContent).join("\n");
    }),
  };
}

/** The text after the changes, each in the coordinates before all of them. */
function applied(text, changes) {
  return changes.reduceRight((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), text);
}

test("typing reports changes that turn the old text into the new", async ({ page }) => {
  const editor = await mount(page);
  await editor.content.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("# 😀 note");
  await page.keyboard.press("Backspace");
  const { changes } = await editor.seen();
  let text = TEXT;
  for (const change of changes) {
    text = applied(text, change.changes);
    expect(text).toBe(change.text);
  }
  expect(text).toBe(`${TEXT}# 😀 not`);
});

test("a text that the application sets is shown, keeps the caret, and is not reported", async ({ page }) => {
  const editor = await mount(page);
  await editor.content.click();
  await page.keyboard.press("Control+End");
  await page.evaluate((text) => window.editor.setText(`# first\n${text}`), TEXT);
  expect(await editor.text()).toBe(`# first\n${TEXT}`);
  await page.evaluate((text) => window.editor.setText(`# 1st\n${text}`, [{ from: 2, to: 7, insert: "1st" }]), TEXT);
  expect(await editor.text()).toBe(`# 1st\n${TEXT}`);
  const seen = await editor.seen();
  expect(seen.changes).toEqual([]);
  expect(seen.cursor).toBe(TEXT.length + "# 1st\n".length);
});

test("changes that do not give the text are replaced by ones that do", async ({ page }) => {
  const editor = await mount(page);
  await page.evaluate(() => window.editor.setText("a: 1\n", [{ from: 0, to: 9999, insert: "b" }]));
  expect(await editor.text()).toBe("a: 1\n");
});

test("undo and redo are the application's", async ({ page }) => {
  const editor = await mount(page);
  await editor.content.click();
  await page.keyboard.type("x");
  const typed = await editor.text();
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+y");
  await page.keyboard.press("Control+Shift+KeyZ");
  const seen = await editor.seen();
  expect([seen.undo, seen.redo]).toEqual([1, 2]);
  expect(await editor.text()).toBe(typed);
});

test("Tab leaves the editor and Shift+Tab goes back out at the other end", async ({ page }) => {
  const editor = await mount(page);
  await editor.content.click();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "after" })).toBeFocused();
  expect(await editor.text()).toBe(TEXT);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("button", { name: "before" })).toBeFocused();
});

test("Ctrl+Space lists what completes, and Enter takes it", async ({ page }) => {
  const editor = await mount(page);
  await editor.content.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("  x: ");
  await page.keyboard.press("Control+Space");
  await expect(page.locator("#host .cm-tooltip-autocomplete li")).toHaveCount(2);
  await page.keyboard.type("rer");
  await expect(page.locator("#host .cm-tooltip-autocomplete li")).toHaveCount(1);
  // The list takes no key in its first moment, so that typing on is not mistaken for a choice.
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  expect(await editor.text()).toContain("x: reranker # orders");
});

test("diagnostics mark the text, and a fix is reported by its numbers", async ({ page }) => {
  const editor = await mount(page);
  const from = TEXT.lastIndexOf("embedder");
  await page.evaluate((from) => window.editor.setDiagnostics([
    { from: 0, to: 4, severity: "warning", code: "MG001", message: "A first remark.", fixes: [] },
    { from, to: from + 8, severity: "error", code: "MG301", message: "768 is not 1024.", fixes: ["Use 768", "Use 1024"] },
  ]), from);
  await expect(page.locator("#host .cm-lintRange-error")).toHaveText("embedder");
  await expect(page.locator("#host .cm-lint-marker-warning")).toHaveCount(1);
  await page.locator("#host .cm-lintRange-error").hover();
  await page.locator("#host .cm-tooltip .cm-diagnosticAction", { hasText: "Use 1024" }).click();
  expect((await editor.seen()).fixes).toEqual([[1, 1]]);
});

test("typing over a selection of several lines asks the page for no inline style", async ({ page }) => {
  const editor = await mount(page);
  await editor.content.click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.type("x");
  expect(await editor.text()).toBe(`${TEXT[0]}x${TEXT.split("\n")[2].slice(1)}\n${TEXT.split("\n").slice(3).join("\n")}`);
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.type("[");
  expect((await editor.text()).startsWith(`${TEXT[0]}[x]`)).toBe(true);
});

test("reveal selects the range", async ({ page }) => {
  const editor = await mount(page);
  const from = TEXT.indexOf("nodes");
  await page.evaluate((from) => {
    window.editor.reveal(from, from + 5);
    window.editor.focus();
  }, from);
  await page.keyboard.type("parts");
  expect(await editor.text()).toBe(TEXT.replace("nodes", "parts"));
});

test("read only, it takes no typing", async ({ page }) => {
  const editor = await mount(page, { readOnly: true });
  await editor.content.click();
  await page.keyboard.type("x");
  expect(await editor.text()).toBe(TEXT);
  expect((await editor.seen()).changes).toEqual([]);
});
