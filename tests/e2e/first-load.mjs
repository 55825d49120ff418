// What Chromium requests until the page is ready, each file brotli-compressed at quality 11.
// Prints JSON: [{ file, bytes, brotli }].
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
  const paths = new Set();
  page.context().on("response", (response) => {
    const url = new URL(response.url());
    if (url.protocol === "http:" && response.ok()) paths.add(decodeURIComponent(url.pathname).slice(1) || "index.html");
  });
  await page.goto(`http://127.0.0.1:${port}/${values.page}`);
  await page.waitForFunction(() => ["ready", "failed"].includes(document.documentElement.dataset.state), null, { timeout: 30_000 });
  const state = await page.evaluate(() => document.documentElement.dataset.state);
  if (state !== "ready") throw new Error("the page could not start");
  await page.waitForLoadState("networkidle");

  const compress = promisify(brotliCompress);
  const files = [];
  for (const file of [...paths].sort()) {
    const content = await readFile(join(root, file));
    const packed = await compress(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
    files.push({ file, bytes: content.length, brotli: packed.length });
  }
  console.log(JSON.stringify(files));
} finally {
  await browser.close();
  server.close();
}
