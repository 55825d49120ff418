import { deflateRawSync } from "node:zlib";

import { expect, open, test } from "../page.mjs";

const GRAPH = `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder:
      role: embedder
      model: {id: BAAI/bge-base-en-v1.5, parameters: 109M}
      outputs: {vector: {dim: 768}}
    store:
      role: retriever
      inputs: {query: {dim: 768}}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
    - {from: store.hits, to: outputs.hits}
`;

const link = (text) => `/#v1:${deflateRawSync(Buffer.from(text)).toString("base64url")}`;

async function begin(page, text = GRAPH) {
  await open(page, link(text));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("search");
}

const inspector = (page) => page.getByRole("complementary", { name: "Inspector" });
const panel = (page, name) => page.getByRole("tabpanel", { name });
const field = (page, name) => inspector(page).getByLabel(name, { exact: true });

async function outline(page) {
  await page.getByRole("tab", { name: "Outline" }).click();
  return page.getByRole("tree");
}

const row = (page, name) => page.getByRole("treeitem", { name });

async function select(page, name) {
  await outline(page);
  await row(page, name).first().click();
}

test.describe("the inspector", () => {
  test("shows the document where nothing is selected, and a node's form where one is", async ({ page }) => {
    await begin(page);
    await expect(inspector(page).getByText("What holds for the whole graph.")).toBeVisible();
    await expect(field(page, "name")).toHaveValue("search");
    await select(page, /^embedder embedder/);
    await expect(field(page, "Name")).toHaveValue("embedder");
    await expect(field(page, "dimension")).toHaveValue("768");
    await expect(field(page, "parameters")).toHaveValue("109M");
    await expect(field(page, "p95")).toHaveAttribute("placeholder", "unknown");
  });

  test("writes what is typed, keeps the focus, and undo takes it back", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    const p95 = field(page, "p95");
    await p95.fill("6ms");
    await p95.press("Enter");
    await expect(p95).toBeFocused();
    await expect(p95).toHaveValue("6ms");
    await expect(page.getByRole("button", { name: "Undo" })).toHaveAttribute("title", /embedder\.latency\.p95/);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(p95).toHaveValue("");
  });

  test("keeps an invalid value in its field, and says what it takes", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    const p95 = field(page, "p95");
    await p95.fill("40");
    await p95.press("Enter");
    await expect(p95).toHaveValue("40");
    await expect(p95).toHaveAttribute("aria-invalid", "true");
    await expect(p95).toHaveAccessibleDescription(/takes a (time|duration).*40ms/i);
    await expect(page.getByRole("button", { name: "Undo" })).toBeDisabled();
    await p95.press("Escape");
    await expect(p95).toHaveValue("");
    await expect(p95).toHaveAttribute("aria-invalid", "false");
  });

  test("shows what follows from the rest of the graph, and why", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    const tokens = field(page, "max tokens");
    await expect(tokens).toHaveValue("");
    await expect(tokens).toHaveAttribute("placeholder", "64");
    await inspector(page).getByRole("button", { name: "Why max tokens" }).first().click();
    await expect(inspector(page).getByText(/inputs\.question.* states maxTokens 64/)).toBeVisible();
  });

  test("reaches every other field by its list", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    await expect(field(page, "license")).toHaveCount(0);
    await inspector(page).getByRole("button", { name: "Add a field…" }).click();
    await page.getByRole("combobox", { name: "Add to this" }).fill("license");
    await page.keyboard.press("Enter");
    await expect(field(page, "license")).toBeFocused();
    await page.keyboard.type("mit");
    await page.keyboard.press("Tab");
    await select(page, /^store retriever/);
    await select(page, /^embedder embedder/);
    await expect(field(page, "license")).toHaveValue("mit");
  });

  test("writes a choice with what stands behind it", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    await field(page, "if it fails").selectOption("fallback");
    await field(page, "fallback").fill("store");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: "Undo" })).toHaveAttribute("title", /onFailure/);
    await field(page, "if it fails").selectOption("stop");
    await expect(field(page, "fallback")).toHaveCount(0);
    await expect(field(page, "if it fails")).toHaveValue("stop");
  });

  test("makes a short form a long one", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    await field(page, "replicas").fill("2");
    await page.keyboard.press("Enter");
    await inspector(page).getByRole("button", { name: "State more of replicas" }).click();
    await inspector(page).getByRole("button", { name: "Add to replicas" }).click();
    await page.keyboard.type("max");
    await page.keyboard.press("Enter");
    await expect(field(page, "max")).toBeFocused();
    await page.keyboard.type("4");
    await page.keyboard.press("Enter");
    await expect(field(page, "min")).toHaveValue("2");
    await expect(field(page, "max")).toHaveValue("4");
  });

  test("states a port of a role without losing its others", async ({ page }) => {
    await begin(page, GRAPH.replace("store:\n      role: retriever\n      inputs: {query: {dim: 768}}", "store: {role: reranker}"));
    await select(page, /^store reranker/);
    const port = inspector(page).getByRole("group", { name: "Port query" });
    await port.getByRole("button", { name: "Add to query" }).click();
    await page.keyboard.type("max tokens");
    await page.keyboard.press("Enter");
    await expect(port.getByLabel("max tokens")).toBeFocused();
    await page.keyboard.type("32");
    await page.keyboard.press("Enter");
    await expect(port.getByLabel("max tokens")).toHaveValue("32");
    await expect(inspector(page).getByRole("group", { name: "Port candidates" })).toBeVisible();
  });

  test("renames wherever the document names the node, and says why not", async ({ page }) => {
    await begin(page);
    await select(page, /^embedder embedder/);
    const name = field(page, "Name");
    await name.fill("Bad Name");
    await name.press("Enter");
    await expect(name).toHaveAccessibleDescription(/cannot name a node/);
    await name.fill("encoder");
    await name.press("Enter");
    await expect(field(page, "Name")).toBeFocused();
    await expect(row(page, /^vector.*from encoder|query takes vector 768 · from encoder\.vector/)).toBeVisible();
  });
});

test.describe("the problems", () => {
  test("are listed with their pages, and silenced with a reason", async ({ page }) => {
    await begin(page, GRAPH.replace("outputs: {vector: {dim: 768}}", "outputs: {vector: {dim: 1024}}"));
    const problems = panel(page, "Problems");
    const sentence = problems.getByRole("button", { name: /embedder\.vector gives 1024 dimensions/ });
    await expect(sentence).toBeVisible();
    await sentence.click();
    await expect(field(page, "Name")).toHaveValue("store");
    await expect(inspector(page).getByRole("list", { name: "Problems of this" })).toContainText("MG301");

    await problems.getByRole("button", { name: "MG301", exact: true }).click();
    const rule = page.getByRole("dialog");
    await expect(rule).toContainText("Why");
    await expect(rule.locator("pre")).toHaveCount(2);
    await page.keyboard.press("Escape");

    await sentence.hover();
    await problems.locator(".problem", { hasText: "MG301" }).getByRole("button", { name: "Suppress…" }).click();
    await expect(problems.getByRole("button", { name: "Suppress", exact: true })).toBeDisabled();
    await problems.getByLabel("Why").fill("it is re-indexed tonight");
    await page.keyboard.press("Enter");
    await expect(sentence).toHaveCount(0);
    await expect(field(page, "reason")).toHaveValue("it is re-indexed tonight");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(sentence).toBeVisible();
  });

  test("are filtered by severity and words, and sorted by rule", async ({ page }) => {
    await begin(page, GRAPH.replace("outputs: {vector: {dim: 768}}", "outputs: {vector: {dim: 1024}}"));
    const problems = panel(page, "Problems");
    await problems.getByRole("button", { name: "By rule" }).click();
    await expect(problems.getByRole("heading", { name: /MG301.*dimension/ })).toBeVisible();
    await problems.getByRole("button", { name: /error/ }).click();
    await expect(problems.getByRole("heading", { name: /MG301/ })).toHaveCount(0);
    await problems.getByRole("button", { name: /error/ }).click();
    await problems.getByLabel("Filter the problems").fill("no such words");
    await problems.getByRole("button", { name: "Show all" }).click();
    await expect(problems.getByRole("heading", { name: /MG301/ })).toBeVisible();
  });

  test("with safe fixes are mended at once, as one step", async ({ page }) => {
    const broken = GRAPH.replace("maxTokens: 64", "maxTokns: 64").replace("role: retriever", "rol: retriever");
    await begin(page, broken);
    const problems = panel(page, "Problems");
    await problems.getByRole("button", { name: /^Fix all/ }).click();
    await expect(problems.getByText("MG002")).toHaveCount(0);
    await expect(page.locator(".toast")).toContainText("Applied 2 fixes");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(problems.getByText("MG002")).toHaveCount(2);
  });

  test("are walked by arrow keys", async ({ page }) => {
    const broken = GRAPH.replace("maxTokens: 64", "maxTokns: 64").replace("role: retriever", "rol: retriever");
    await begin(page, broken);
    const sentences = panel(page, "Problems").locator(".problem-main");
    await sentences.first().focus();
    await page.keyboard.press("ArrowDown");
    await expect(sentences.nth(1)).toBeFocused();
    await page.keyboard.press("ArrowUp");
    await expect(sentences.first()).toBeFocused();
  });

  test("that are none say what was looked at", async ({ page }) => {
    await begin(page);
    const problems = panel(page, "Problems");
    for (const word of [/warning/, /note/]) await problems.getByRole("button", { name: word }).click();
    await expect(problems.getByText(/No problems|None of the \d+ problems fits the filter/)).toBeVisible();
  });
});

test.describe("the outline", () => {
  test("is walked, opened and closed by arrow keys", async ({ page }) => {
    await begin(page);
    const tree = await outline(page);
    await row(page, /^question input/).focus();
    await page.keyboard.press("End");
    await expect(row(page, /^hits output/)).toBeFocused();
    await page.keyboard.press("Home");
    await expect(row(page, /^question input/)).toBeFocused();
    await page.keyboard.press("ArrowLeft");
    await expect(row(page, /^question input/)).toHaveAttribute("aria-expanded", "false");
    await page.keyboard.press("ArrowDown");
    await expect(row(page, /^embedder embedder/)).toBeFocused();
    await expect(row(page, /^embedder embedder/)).toHaveAttribute("aria-selected", "true");
    await page.keyboard.press("ArrowRight");
    await expect(row(page, /^text takes/)).toBeFocused();
    await page.keyboard.press("ArrowLeft");
    await expect(row(page, /^embedder embedder/)).toBeFocused();
    await expect(tree.locator("[tabindex='0']")).toHaveCount(1);
  });

  test("connects what fits, and says why the rest does not", async ({ page }) => {
    const without = GRAPH.replace("    - {from: embedder.vector, to: store.query}\n", "");
    await begin(page, without);
    await outline(page);
    await row(page, /^vector gives/).focus();
    await page.keyboard.press("c");
    const options = page.getByRole("listbox", { name: "Choices" }).getByRole("option");
    await expect(options.first()).toContainText("store.query");
    await expect(page.getByRole("option", { name: /outputs\.hits/ })).toContainText("takes candidates, this gives vector");
    await page.keyboard.press("Enter");
    await expect(row(page, /^store\.query data edge/)).toHaveAttribute("aria-selected", "true");
  });

  test("renames by F2 and removes by Delete", async ({ page }) => {
    await begin(page);
    await outline(page);
    await row(page, /^embedder embedder/).click();
    await page.keyboard.press("F2");
    await page.keyboard.type("encoder");
    await page.keyboard.press("Enter");
    await expect(row(page, /^encoder embedder/)).toBeFocused();
    await page.keyboard.press("Delete");
    await expect(row(page, /^encoder embedder/)).toHaveCount(0);
    await expect(page.getByRole("treeitem").and(page.locator(":focus"))).toHaveCount(1);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(row(page, /^encoder embedder/)).toBeVisible();
  });
});
