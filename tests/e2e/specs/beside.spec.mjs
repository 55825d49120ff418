// A graph whose nodes refer to files is opened with them, and they go where it goes.
import { join } from "node:path";

import { drop, withFiles } from "../files.mjs";
import { expect, open, test } from "../page.mjs";

const OUTER = `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: outer}
spec:
  inputs: {question: {type: text}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder: {role: embedder, outputs: {vector: {type: vector, dim: 1024}}}
    search: {role: custom, specRef: {path: models/search.yaml}}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: search.vector}
    - {from: search.hits, to: outputs.hits}
`;
const INNER = `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: inner}
spec:
  inputs: {vector: {type: vector}}
  outputs: {hits: {type: candidates}}
  nodes:
    store: {role: retriever, inputs: {query: {type: vector, dim: 768}}}
  edges:
    - {from: inputs.vector, to: store.query}
    - {from: store.hits, to: outputs.hits}
`;
const FILES = { "app/graph.yaml": OUTER, "app/models/search.yaml": INNER };

const card = (page, name) => page.locator(`[data-item="node:${name}"]`);
const title = (page) => page.getByRole("heading", { level: 1 });
const beside = (page) => page.getByRole("region", { name: "Files beside the document" });
const problems = (page) => page.getByRole("tabpanel", { name: "Problems" });
const tab = (page, name) => page.getByRole("tab", { name: new RegExp(`^${name}`) });
const MEETING = /1024.*768|768.*1024/;

test("a dropped folder opens its graph with what it refers to, and all of it is kept", async ({ page }) => {
  await open(page);
  await withFiles(FILES, async (folder) => {
    await drop(page, join(folder, "app"));
    await expect(title(page)).toHaveText("outer");
  });
  await expect(beside(page)).toContainText("models/search.yaml");
  await tab(page, "Problems").click();
  await expect(problems(page)).toContainText(MEETING);
  await expect(problems(page)).not.toContainText("leads nowhere");

  // Loaded again, the file is still there.
  await expect(page.getByText("saved on this device")).toBeVisible();
  await page.reload();
  await expect(title(page)).toHaveText("outer");
  await expect(beside(page)).toContainText("models/search.yaml");
  await tab(page, "Problems").click();
  await expect(problems(page)).toContainText(MEETING);

  // A link holds the document alone, and says so.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^Search/ }).fill("Share");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toContainText("The file that it refers to is not in the link");
});

test("pinned to what it is now, a subgraph is looked through by exports", async ({ page }) => {
  await open(page);
  await withFiles({ ...FILES, "app/graph.yaml": OUTER.replace("1024", "768") }, async (folder) => {
    await drop(page, join(folder, "app"));
    await expect(title(page)).toHaveText("outer");
  });
  await tab(page, "Problems").click();
  await problems(page).getByRole("button", { name: "Pin it to what it is now" }).click();
  await expect(problems(page)).not.toContainText("without a digest");
  await tab(page, "Export").click();
  await page.getByRole("navigation", { name: "Targets" }).getByRole("button", { name: "Docker Compose" }).click();
  await expect(page.getByRole("tabpanel", { name: "Export" })).toContainText("search-store");
});

test("a file that the open graph lacks is put beside it, and can be taken away", async ({ page }) => {
  await open(page);
  await withFiles(FILES, async (folder) => {
    await drop(page, join(folder, "app", "graph.yaml"));
    await expect(title(page)).toHaveText("outer");
    await expect(beside(page)).toContainText("not here");
    await tab(page, "Problems").click();
    await expect(problems(page)).toContainText("specRef of search leads nowhere");
    await drop(page, join(folder, "app", "models", "search.yaml"));
    await expect(problems(page)).not.toContainText("leads nowhere");
  });
  await expect(title(page)).toHaveText("outer");
  await expect(card(page, "search")).toBeVisible();
  await expect(problems(page)).toContainText(MEETING);
  await beside(page).getByRole("button", { name: "Take models/search.yaml away" }).click();
  await expect(beside(page)).toContainText("not here");
  await expect(problems(page)).toContainText("leads nowhere");
});

test("among other files a graph is offered with those that it refers to", async ({ page }) => {
  await open(page);
  const files = { ...FILES, "app/compose.yaml": "services: {web: {image: nginx}}" };
  await withFiles(files, async (folder) => {
    await drop(page, join(folder, "app"));
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("with the file that it refers to");
    await dialog.getByRole("option", { name: /graph\.yaml/ }).click();
    await expect(title(page)).toHaveText("outer");
  });
  await expect(beside(page)).toContainText("models/search.yaml");
});
