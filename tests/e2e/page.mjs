// What every spec starts from: a page that is watched for errors and for traffic.
import { expect, test as base } from "@playwright/test";

/** `problems` gathers console errors, exceptions, refused requests, policy violations and requests to other origins. */
export const test = base.extend({
  problems: [
    async ({ page, baseURL }, use) => {
      const problems = [];
      const origin = new URL(baseURL).origin;
      page.on("console", (message) => {
        if (message.type() === "error") problems.push(`console: ${message.text()}`);
      });
      page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
      page.on("response", (response) => {
        if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
      });
      page.on("request", (request) => {
        const url = new URL(request.url());
        if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) {
          problems.push(`another origin: ${request.url()}`);
        }
      });
      await page.exposeFunction("reportViolation", (text) => problems.push(`policy: ${text}`));
      await page.addInitScript(() => {
        addEventListener("securitypolicyviolation", (event) => {
          globalThis.reportViolation(`${event.effectiveDirective} refused ${event.blockedURI || "inline"}`);
        });
      });
      await use(problems);
      expect(problems, "problems on the page").toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens the path and waits until the designer has started. */
export async function open(page, path = "/") {
  await openFirst(page, path);
  await expect(page.locator("html")).toHaveAttribute("data-program", "whole", { timeout: 30_000 });
}

/** Opens the page without waiting for the second file of its program. */
export async function openFirst(page, path = "/") {
  await page.goto(path);
  await expect(page.locator("html")).toHaveAttribute("data-state", "ready", { timeout: 30_000 });
}

export { expect };
