import AxeBuilder from "@axe-core/playwright";

import { expect, open, test } from "../page.mjs";
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
