// What is known of models, and how it gets into a document.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";

import { drop, withFiles } from "../files.mjs";
import { expect, open, test } from "../page.mjs";
import { hashOf } from "../share.mjs";

const GRAPH = `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {vector: {type: vector}}
  nodes:
    embedder:
      role: embedder # reads the questions
      model: {id: BAAI/bge-base-en-v1.5, layers: 6}
      placement: {gpu: ACME-96GB}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: outputs.vector}
`;

const OWN = `apiVersion: modelgraph/v1alpha1
kind: Catalogue
models:
  BAAI/bge-base-en-v1.5:
    - {source: our own count, date: "2026-03-01", node: {model: {parameters: 109M}}}
gpus:
  ACME-96GB: {source: a data sheet, date: "2026-03-01", memory: 96GiB, bandwidthGBs: 1800, bf16Tflops: 400}
`;

const inspector = (page) => page.getByRole("complementary", { name: "Inspector" });
const known = (page) => inspector(page).getByRole("region", { name: "Known of this model" });
const field = (page, name) => inspector(page).getByLabel(name, { exact: true });

async function begin(page) {
  await open(page, `/${hashOf(GRAPH)}`);
  await page.locator('[data-item="node:embedder"]').click();
}

async function run(page, command) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search" }).fill(command);
  await page.keyboard.press("Enter");
}

async function saved(page) {
  const download = page.waitForEvent("download");
  await page.evaluate(() => delete globalThis.showSaveFilePicker);
  await page.keyboard.press("Control+s");
  return readFile(await (await download).path(), "utf8");
}

test("what is known of a model is shown with its source and filled in, and undo takes it back", async ({ page }) => {
  await begin(page);
  await expect(known(page)).toContainText("model.layers is 6 here; known is 12. It stays as it is.");
  await known(page).getByText("Which, and from where").click();
  await expect(known(page)).toContainText("outputs.vector.dim");
  await expect(known(page)).toContainText("huggingface.co, entered 2026-11-26");
  const { violations } = await new AxeBuilder({ page }).include(".inspector").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
  expect(violations).toEqual([]);

  await known(page).getByRole("button", { name: /^Fill in \d+ facts$/ }).click();
  await expect(known(page).getByRole("button", { name: /^Fill in/ })).toHaveCount(0);
  await expect(field(page, "dimension")).toHaveValue("768");
  const text = await saved(page);
  expect(text).toContain("model: {id: BAAI/bge-base-en-v1.5, precision: fp32, layers: 6, heads: 12, hidden: 768}");
  expect(text).toContain("# reads the questions");

  await page.getByRole("button", { name: "Undo", exact: true }).click();
  expect(await saved(page)).toBe(GRAPH);

  await run(page, "Fill in what is known");
  await expect(field(page, "dimension")).toHaveValue("768");
});

test("forms suggest the models, engines and images that are known", async ({ page }) => {
  await begin(page);
  const options = (id) => page.locator(`#${id} option`).evaluateAll((options) => options.map((option) => option.value));
  expect(await options("known-models")).toContain("Qwen/Qwen2.5-7B-Instruct");
  expect(await options("known-engines")).toEqual(["vllm", "tei", "tgi", "triton", "qdrant"]);
  expect((await options("known-images")).some((image) => image.startsWith("qdrant/qdrant:"))).toBe(true);
});

test("the user's own catalogue is kept, counts in checks, and can be forgotten", async ({ page }) => {
  await begin(page);
  await page.getByRole("tab", { name: "Problems" }).click();
  const problems = page.getByRole("tabpanel", { name: "Problems" });
  await expect(problems).toContainText("ACME-96GB");
  await withFiles({ "modelspec.catalogue.yaml": OWN, "broken.yaml": OWN.replace("96GiB", "much") }, async (folder) => {
    await drop(page, join(folder, "broken.yaml"));
    await expect(page.locator(".toast")).toContainText("broken.yaml is no catalogue that can be read: line 7");
    await drop(page, join(folder, "modelspec.catalogue.yaml"));
    await expect(page.locator(".toast")).toContainText("modelspec.catalogue.yaml is your catalogue now");
  });
  await expect(problems).not.toContainText("ACME-96GB");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("search");

  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-program", "whole");
  await page.locator('[data-item="node:embedder"]').click();
  await known(page).getByText("Which, and from where").click();
  await expect(known(page)).toContainText("our own count, 2026-03-01");
  await expect(problems).not.toContainText("ACME-96GB");

  await run(page, "Forget my own catalogue");
  await expect(problems).toContainText("ACME-96GB");
  await expect(known(page)).not.toContainText("our own count");
});
