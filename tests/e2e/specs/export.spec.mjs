import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";

import { expect, open, test } from "../page.mjs";
import { hashOf, template } from "../share.mjs";

const guarded = await template("rag-guarded");
const preview = (page) => page.locator("#export-preview");
const target = (page, name) => page.getByRole("navigation", { name: "Targets" }).getByRole("button", { name });
/** The file as it is shown, line numbers left out. */
const shown = (page) => preview(page).evaluate((preview) => preview.textContent);

async function exports(page, text, name) {
  await open(page, `/${hashOf(text)}`);
  await page.locator("#tab-export").click();
  await target(page, name).click();
}

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

/** The files of an archive by its central directory, as any reader finds them. */
function unzip(bytes) {
  const end = bytes.lastIndexOf("PK\x05\x06");
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  const files = {};
  for (let index = 0; index < count; index++) {
    const [size, name] = [bytes.readUInt32LE(at + 24), bytes.readUInt16LE(at + 28)];
    const path = bytes.toString("utf8", at + 46, at + 46 + name);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(start, start + size);
    expect(crc32(content), path).toBe(bytes.readUInt32LE(at + 16));
    files[path] = content.toString("utf8");
    at += 46 + name;
  }
  expect(at).toBe(end);
  return files;
}

test("a target shows its files; one, or all in an archive, are downloaded as they are shown", async ({ page }) => {
  await exports(page, guarded, /^Kubernetes/);
  await page.getByLabel("File", { exact: true }).selectOption("support-rag-guard.yaml");
  await expect(preview(page)).toContainText("vllm/vllm-openai:v0.19.0");
  const { name, bytes } = await download(page, "Download");
  expect(name).toBe("support-rag-guard.yaml");
  expect(bytes.toString()).toBe(await shown(page));
  expect(bytes.toString()).toMatch(/^# support-rag 1\.4\.0\n# sha256:[0-9a-f]{64}\n/);

  const archive = await download(page, "All as zip");
  expect(archive.name).toBe("support-rag-kubernetes.zip");
  const files = unzip(archive.bytes);
  expect(files["support-rag-guard.yaml"]).toBe(bytes.toString());
  const names = await page.getByLabel("File", { exact: true }).locator("option").allTextContents();
  expect(Object.keys(files)).toEqual(names);
});

test("a file is copied, and files follow the document", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await exports(page, guarded, /ModelSpec/);
  await expect(preview(page)).toContainText("piqc.ai/v1alpha1");
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await expect(page.locator(".toast")).toContainText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await shown(page));
});

test("losses and assumptions lead to what they are about", async ({ page }) => {
  await exports(page, guarded, /^Kubernetes/);
  const told = page.getByRole("complementary", { name: "Losses and assumptions" });
  await expect(told).toContainText("TG-KUBERNETES-");
  await expect(told).toContainText("Assumed");
  await told.getByRole("listitem").filter({ hasText: "generator" }).first().getByRole("button").click();
  await expect(page.locator("[data-item='node:generator']")).toHaveClass(/selected/);
});

test("a lost guarantee stops the export until it is accepted by its name", async ({ page }) => {
  const text = guarded
    .replace("placement: {gpu: L4, replicas: {min: 1, max: 4}}", "placement: {cpu: 2, memory: 1GiB}")
    .replace("    embedder:\n", "    clean: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, placement: {cpu: 1, memory: 1GiB}}\n    embedder:\n")
    .replace("{from: guard.text, to: embedder.text, role: safety}", "{from: guard.text, to: clean.in}\n    - {from: clean.out, to: embedder.text}")
    .replace("from: guard.text, to: reranker", "from: clean.out, to: reranker")
    .replace("from: guard.text, to: generator", "from: clean.out, to: generator");
  await exports(page, text, /ModelSpec/);
  await expect(page.getByRole("alert")).toContainText("would change safety or correctness");
  await expect(preview(page)).toHaveCount(0);
  const accept = page.getByRole("checkbox", { name: /Accept TG-MODELSPEC-GUARD/ });
  await accept.check();
  await expect(preview(page)).toContainText("# Accepted loss TG-MODELSPEC-GUARD");
});

test("a graph with errors is not exported, and says so", async ({ page }) => {
  await exports(page, guarded.replace("to: store.query", "to: store.nowhere"), /^Kubernetes/);
  await expect(page.getByRole("alert")).toContainText("is not exported");
});

test("files take the figures of the last run when asked, and say so", async ({ page }) => {
  const rag = await template("rag");
  await open(page, `/${hashOf(rag)}`);
  await page.locator("#tab-export").click();
  await target(page, /^Kubernetes/).click();
  const take = page.getByRole("checkbox", { name: /from the last run/ });
  await expect(preview(page)).toContainText("apiVersion");
  await expect(take).toHaveCount(0);
  await page.getByRole("tab", { name: "Simulate" }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.locator(".simulate-ran")).toContainText("1,000,000 requests", { timeout: 60_000 });
  await page.locator("#tab-export").click();
  await expect(preview(page)).not.toContainText("Chosen, not stated");
  await take.check();
  await expect(preview(page)).toContainText("# Chosen, not stated: simulated at");
  await take.uncheck();
  await expect(preview(page)).not.toContainText("Chosen, not stated");
  await take.check();
  // Another graph has had no run.
  await page.locator("[data-item='node:store']").click();
  await page.keyboard.press("Delete");
  await expect(take).toHaveCount(0);
});
