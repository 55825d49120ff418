// Takes the README's pictures from the real page, in both themes.
//
//   node tests/e2e/screenshot.mjs [--root dist] [--out docs] [--hash '#...']
//
// Without a hash it shows the guarded RAG template, simulated, with the reranker in the inspector.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { chromium as playwright } from "@playwright/test";

import { ARGUMENTS, chromium } from "./browser.mjs";
import { serve } from "./server.mjs";
import { hashOf, template } from "./share.mjs";

const { values } = parseArgs({
  options: {
    root: { type: "string", default: "dist" },
    out: { type: "string", default: "docs" },
    hash: { type: "string", default: "" },
  },
});
const hash = values.hash || hashOf(await template("rag-guarded"));
await mkdir(values.out, { recursive: true });
const { server, port } = await serve({ root: values.root });
const browser = await playwright.launch({ executablePath: chromium(), args: ARGUMENTS });
try {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme, reducedMotion: "reduce" });
    await page.goto(`http://127.0.0.1:${port}/${hash}`);
    await page.waitForSelector("html[data-program=whole]", { timeout: 30_000 });
    await page.waitForLoadState("networkidle");
    if (!values.hash) {
      await page.getByRole("tab", { name: "Simulate" }).click();
      await page.getByRole("button", { name: /^(Run|Simulate)/ }).last().click();
      await page.getByRole("cell", { name: "reranker" }).or(page.getByRole("rowheader", { name: "reranker" })).click({ timeout: 60_000 });
    }
    const path = join(values.out, `designer-${colorScheme}.png`);
    await page.screenshot({ path });
    console.log(path);
    await page.close();
  }
} finally {
  await browser.close();
  server.close();
}
