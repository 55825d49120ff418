// Files of other systems, as users give them to the page, become graphs.
import { open as openFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import AxeBuilder from "@axe-core/playwright";

import { drop, hold, withFiles } from "../files.mjs";
import { expect, open, test } from "../page.mjs";
import { hashOf, template } from "../share.mjs";

const sample = (name) => readFile(fileURLToPath(new URL(`../../../core/src/import/samples/${name}`, import.meta.url)), "utf8");
const COMPOSE = await sample("compose.yaml");
const rag = await template("rag");

const panel = (page) => page.getByRole("tabpanel", { name: "Import" });
const section = (page, name) => panel(page).getByRole("region", { name });
const files = (page) => panel(page).getByRole("complementary", { name: "Files" });
const card = (page, name) => page.locator(`[data-item="node:${name}"]`);
const title = (page) => page.getByRole("heading", { level: 1 });
const spoken = (page) => page.getByRole("status").last();
const imported = (page) => expect(panel(page).getByText(/^Imported as /)).toBeVisible();
const refused = (page) => expect(panel(page).getByRole("alert")).toContainText("Nothing was imported.");

async function run(page, command) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^(Search|Recover)/ }).fill(command);
  await page.keyboard.press("Enter");
}

test("a dropped Compose file becomes a graph, with all that was guessed and kept", async ({ page }) => {
  await open(page, `/${hashOf(rag)}`);
  const before = await title(page).textContent();
  await withFiles({ "compose.yaml": COMPOSE }, async (folder) => {
    const release = await hold(page, join(folder, "compose.yaml"));
    await expect(page.getByText("Drop to open or import")).toBeVisible();
    await release();
    await imported(page);
    await expect(page.getByText("Drop to open or import")).toBeHidden();
  });
  for (const name of ["embed", "store", "llm"]) await expect(card(page, name)).toBeVisible();
  await expect(section(page, "Understood")).toContainText("compose.yaml:");
  await expect(section(page, "Guessed").getByRole("listitem").first()).toBeVisible();
  await expect(section(page, "Kept aside").getByRole("listitem").first()).toBeVisible();
  await expect(files(page)).toContainText("Docker Compose");
  await expect(spoken(page)).toHaveText(/^Imported compose\.yaml: \d+ understood, \d+ guessed, \d+ kept aside\./);

  // A note leads to the node that it is about.
  await panel(page).getByRole("button", { name: /embed/ }).first().click();
  await expect(card(page, "embed")).toHaveClass(/selected/);

  // The graph is one to work with, and what was open before comes back.
  await card(page, "store").click();
  await page.keyboard.press("Delete");
  await expect(card(page, "store")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(card(page, "store")).toBeVisible();
  await panel(page).getByRole("button", { name: "Recover it…" }).click();
  await page.getByRole("option", { name: new RegExp(before) }).click();
  await expect(title(page)).toHaveText(before);
});

const TRITON = {
  "repository/encode/config.pbtxt": `name: "encode"
platform: "onnxruntime_onnx"
max_batch_size: 8
input { name: "text" data_type: TYPE_FP32 dims: [ 16 ] }
output { name: "vector" data_type: TYPE_FP32 dims: [ 4 ] }
`,
  "repository/score/config.pbtxt": `name: "score"
platform: "onnxruntime_onnx"
max_batch_size: 8
input { name: "vector" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "score" data_type: TYPE_FP32 dims: [ 1 ] }
`,
  "repository/both/config.pbtxt": `name: "both"
platform: "ensemble"
max_batch_size: 8
input { name: "in" data_type: TYPE_FP32 dims: [ 16 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 1 ] }
ensemble_scheduling { step [
  { model_name: "encode" input_map { key: "text" value: "in" } output_map { key: "vector" value: "half" } },
  { model_name: "score" input_map { key: "vector" value: "half" } output_map { key: "score" value: "out" } }
] }
`,
  "repository/.git/config": "[core]\n",
};

test("a Triton repository is dropped, or chosen, as a folder", async ({ page }) => {
  await open(page);
  await withFiles(TRITON, async (folder) => {
    await drop(page, join(folder, "repository"));
    await imported(page);
    for (const name of ["encode", "score"]) await expect(card(page, name)).toBeVisible();
    await expect(files(page)).toContainText("repository/both/config.pbtxt");
    await expect(files(page)).toContainText("Files (3)");
    await expect(files(page)).not.toContainText(".git");

    await run(page, "new from a template");
    await page.getByRole("button", { name: /Blank graph/ }).click();
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), run(page, "Import a folder")]);
    await chooser.setFiles(join(folder, "repository"));
    await expect(card(page, "encode")).toBeVisible();
    await expect(files(page)).toContainText("repository/both/config.pbtxt");
  });
});

const HUGGING_FACE = {
  "config.json": JSON.stringify({
    architectures: ["BertModel"],
    model_type: "bert",
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    max_position_embeddings: 512,
    vocab_size: 100,
    torch_dtype: "float32",
  }),
  "sentence_bert_config.json": JSON.stringify({ max_seq_length: 256, do_lower_case: false }),
  "pooling.json": "[1, 2",
};

test("several files of a model are one node, and a broken one is refused with its place", async ({ page }) => {
  await open(page);
  await withFiles(HUGGING_FACE, async (folder) => {
    const path = (name) => join(folder, name);
    await drop(page, path("config.json"), path("sentence_bert_config.json"), path("pooling.json"));
    await refused(page);
    await expect(section(page, "Refused")).toContainText("pooling.json:1");

    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Control+Shift+o")]);
    expect(chooser.isMultiple()).toBe(true);
    await chooser.setFiles([path("config.json"), path("sentence_bert_config.json")]);
    await imported(page);
    await expect(page.locator("[data-item^='node:']")).toHaveCount(1);
    await expect(files(page)).toContainText("Hugging Face");
    await page.locator("[data-item^='node:']").click();
    const inspector = page.getByRole("complementary", { name: "Inspector" });
    await expect(inspector.getByLabel("maxInputTokens", { exact: true }).or(inspector.getByLabel("max input tokens", { exact: true })).first()).toHaveValue("256");
  });
});

/** Keeps what the engine's worker reads of files, as `reads` of its scope. */
async function watchReads(page) {
  await page.route("**/worker.js", async (route) => {
    const answer = await route.fetch();
    const body = `self.reads = [];
const whole = FileReaderSync.prototype.readAsArrayBuffer;
FileReaderSync.prototype.readAsArrayBuffer = function (blob) { self.reads.push(blob.size); return whole.call(this, blob); };
for (const name of ["arrayBuffer", "text", "stream", "bytes"]) {
  const read = Blob.prototype[name];
  if (read) Blob.prototype[name] = function () { self.reads.push(this.size); return read.call(this); };
}
${await answer.text()}`;
    await route.fulfill({ response: answer, body });
  });
}

test("of weights only the header is read", async ({ page }) => {
  const size = 64 << 20;
  const header = JSON.stringify({ w: { dtype: "BF16", shape: [size / 4, 2], data_offsets: [0, size] } });
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(header.length));
  await watchReads(page);
  await open(page);
  await withFiles({ "big/model.safetensors": Buffer.concat([head, Buffer.from(header)]) }, async (folder) => {
    const path = join(folder, "big/model.safetensors");
    // What stands behind the header takes no room on the disk.
    const file = await openFile(path, "r+");
    await file.truncate(8 + header.length + size);
    await file.close();
    await drop(page, path);
    await imported(page);
    await expect(files(page)).toContainText(/kB of 67\.1 MB read/);
    await expect(page.locator("[data-item^='node:']")).toHaveCount(1);
    const reads = await page.workers()[0].evaluate(() => self.reads);
    const sum = reads.reduce((sum, size) => sum + size, 0);
    expect(reads.length).toBeGreaterThan(0);
    expect(sum).toBeLessThan(512 << 10);
  });
});

test("a file that is made to harm is refused, and what is open stays", async ({ page }) => {
  await open(page, `/${hashOf(rag)}`);
  const before = await title(page).textContent();
  // A header that says it holds 2⁶⁰ values.
  const gguf = Buffer.alloc(64);
  gguf.write("GGUF");
  gguf.writeUInt32LE(3, 4);
  gguf.writeBigUInt64LE(0n, 8);
  gguf.writeBigUInt64LE(1n << 60n, 16);
  await withFiles({ "evil.gguf": gguf }, async (folder) => {
    await drop(page, join(folder, "evil.gguf"));
    await refused(page);
  });
  await expect(section(page, "Refused")).toContainText("the header of evil.gguf");
  await expect(section(page, "Refused")).toContainText("made to harm");
  await expect(spoken(page)).toContainText("Nothing was imported: evil.gguf: the header of evil.gguf");
  await expect(title(page)).toHaveText(before);
});

test("a broken YAML is refused with the line of its mistake", async ({ page }) => {
  await open(page);
  await withFiles({ "compose.yaml": "services:\n  web:\n    image: nginx\n    ports: [80\nvolumes: {}\n" }, async (folder) => {
    await drop(page, join(folder, "compose.yaml"));
    await refused(page);
  });
  await expect(section(page, "Refused")).toContainText(/compose\.yaml:[45]/);
  await expect(page.locator("[data-item^='node:']")).toHaveCount(0);
});

test("what is of no format says what is read", async ({ page }) => {
  await open(page);
  await withFiles({ "photo.png": Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1]) }, async (folder) => {
    await drop(page, join(folder, "photo.png"));
    await refused(page);
  });
  await expect(section(page, "Refused")).toContainText("photo.png is of no format that is read here");
  await expect(section(page, "Refused")).toContainText("Docker Compose");
});

test("a graph is opened, and beside other files the user chooses", async ({ page }) => {
  await open(page);
  await withFiles({ "rag.modelspec.yaml": rag, "compose.yaml": COMPOSE }, async (folder) => {
    await drop(page, join(folder, "rag.modelspec.yaml"));
    await expect(page.locator("[data-item^='node:']").first()).toBeVisible();
    const name = await title(page).textContent();

    await drop(page, join(folder, "rag.modelspec.yaml"), join(folder, "compose.yaml"));
    const choice = page.getByRole("dialog", { name: "Graphs and other files were given together" });
    await expect(choice.getByRole("option", { name: /Open rag\.modelspec\.yaml/ })).toBeVisible();
    await choice.getByRole("option", { name: /Import compose\.yaml/ }).click();
    await imported(page);
    await expect(card(page, "embed")).toBeVisible();

    await drop(page, join(folder, "rag.modelspec.yaml"), join(folder, "compose.yaml"));
    // The files are read before there is a choice to confirm.
    await expect(choice).toBeVisible();
    await page.keyboard.press("Enter");
    await expect(title(page)).toHaveText(name);
  });
});

test("a pasted text of another format is imported where nothing is open", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page);
  await page.evaluate((text) => navigator.clipboard.writeText(text), COMPOSE);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Control+v");
  await imported(page);
  await expect(files(page)).toContainText("pasted.yaml");
  // A graph that is open is not replaced by what happens to be in the clipboard.
  const name = await title(page).textContent();
  await page.evaluate(() => navigator.clipboard.writeText("services: {other: {image: nginx}}"));
  await page.keyboard.press("Control+v");
  await expect(title(page)).toHaveText(name);
  await expect(card(page, "embed")).toBeVisible();
});

for (const [name, size] of Object.entries({ desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } })) {
  test(`the panel is read and used at the width of a ${name}`, async ({ page }) => {
    await page.setViewportSize(size);
    await open(page);
    const axe = () => new AxeBuilder({ page }).include("#panel-import").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
    await run(page, "Show the import");
    await expect(panel(page).getByRole("list", { name: "What is read" })).toContainText("GGUF");
    expect((await axe()).violations).toEqual([]);
    await withFiles({ "compose.yaml": COMPOSE }, async (folder) => {
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), panel(page).getByRole("button", { name: "Choose files…" }).click()]);
      await chooser.setFiles(join(folder, "compose.yaml"));
      await imported(page);
    });
    expect((await axe()).violations).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    await panel(page).getByRole("button", { name: /embed/ }).first().click();
    await expect(card(page, "embed")).toHaveClass(/selected/);
    await expect(card(page, "embed")).toBeInViewport();
  });
}
