import { defineConfig } from "@playwright/test";

import { ARGUMENTS, chromium } from "./browser.mjs";

/** Where the specs find the site; both are the same files. */
export const PREFIXES = ["/", "/some/prefix/"];
const port = Number(process.env.E2E_PORT ?? 4317);
const prefixes = PREFIXES.map((prefix) => `--prefix ${prefix}`).join(" ");

export default defineConfig({
  testDir: "specs",
  outputDir: "results",
  // A test alone in a browser tells the truth about time; two cores carry no more.
  workers: 1,
  timeout: 60_000,
  // A busy machine may take its time once: such a test is listed as flaky. A fault fails twice.
  retries: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
    launchOptions: { executablePath: chromium(), args: ARGUMENTS },
  },
  webServer: {
    command: `node server.mjs --root ../../dist --port ${port} ${prefixes}`,
    url: `http://127.0.0.1:${port}/`,
    reuseExistingServer: false,
  },
});
