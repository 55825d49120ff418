// What Chromium requests from the page, each file brotli-compressed at quality 11.
// Prints JSON: [{ file, bytes, brotli, first }]; `first` are those it requests until the first
// picture stands and the page is idle, by the page's own clock.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

import { chromium as playwright } from "@playwright/test";

import { ARGUMENTS, chromium } from "./browser.mjs";
import { serve } from "./server.mjs";

const { values } = parseArgs({ options: { root: { type: "string", default: "dist" }, page: { type: "string", default: "" } } });
const root = resolve(values.root);
const { server, port } = await serve({ root });
const browser = await playwright.launch({ executablePath: chromium(), args: ARGUMENTS });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/${values.page}`);
  await page.waitForFunction(() => ["ready", "failed"].includes(document.documentElement.dataset.state), null, { timeout: 30_000 });
  const state = await page.evaluate(() => document.documentElement.dataset.state);
  if (state !== "ready") throw new Error("the page could not start");
  await page.waitForFunction(() => performance.getEntriesByName("first-picture").length);
  await page.waitForLoadState("networkidle");
  const requested = await page.evaluate(() => {
    const [picture] = performance.getEntriesByName("first-picture");
    const files = new Map([[location.pathname, true]]);
    for (const { name, startTime } of performance.getEntriesByType("resource")) {
      const path = new URL(name).pathname;
      files.set(path, files.get(path) || startTime <= picture.startTime);
    }
    return [...files];
  });

  const compress = promisify(brotliCompress);
  const files = [];
  for (const [path, first] of requested.sort()) {
    const file = decodeURIComponent(path).slice(1) || "index.html";
    const content = await readFile(join(root, file));
    const packed = await compress(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
    files.push({ file, bytes: content.length, brotli: packed.length, first });
  }
  console.log(JSON.stringify(files));
} finally {
  await browser.close();
  server.close();
}
