import { readFile } from "node:fs/promises";

import AxeBuilder from "@axe-core/playwright";

import { expect, open, test } from "../page.mjs";
import { hashOf, template } from "../share.mjs";

const guarded = await template("rag-guarded");
const run = (page) => page.getByRole("button", { name: "Run", exact: true });
const ran = (page) => page.locator(".simulate-ran");
const rows = (page) => page.getByRole("region", { name: "Figures of every node" }).getByRole("row").filter({ has: page.getByRole("rowheader") });

/** Opens a document at the panel. */
async function simulate(page, text) {
  await open(page, `/${hashOf(text)}`);
  await page.getByRole("tab", { name: "Simulate" }).click();
}

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
  return readFile(await file.path(), "utf8");
}

test("a run shows every node that has a time, and says what is left out", async ({ page }) => {
  await simulate(page, guarded);
  await run(page).click();
  await expect(rows(page)).toHaveCount(4, { timeout: 60_000 });
  await expect(ran(page)).toContainText("CPU · 1,000,000 requests at each node · seed 1");
  await expect(page.locator(".simulate-head")).toContainText("busiest: reranker");
  await page.getByText(/simplified or left out/).click();
  await expect(page.locator(".simulate-notes")).toContainText("generator is left out");
  await rows(page).getByRole("button", { name: "store" }).click();
  await expect(page.locator("[data-item='node:store']")).toHaveClass(/selected/);
});

test("the figures agree with theory", async ({ page }) => {
  await simulate(page, `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: queue}
spec:
  inputs: {in: {type: text}}
  outputs: {out: {type: text}}
  nodes:
    first: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {exponential: {mean: 10ms}}}
    second: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {fixed: 5ms}, budget: 4ms}
  edges:
    - {from: inputs.in, to: first.in}
    - {from: first.out, to: second.in}
    - {from: second.out, to: outputs.out}
  workload: {arrivals: {poisson: {rate: 50rps}}}
`);
  await run(page).click();
  await expect(rows(page)).toHaveCount(2, { timeout: 60_000 });
  const [head, ...lines] = (await download(page, "CSV")).trim().split("\n").map((line) => line.split(","));
  const figure = (node, column) => Number(lines.find(([name]) => name === node)[head.indexOf(column)]);
  // M/M/1 at half load: the time in the system is exponential of mean 20 ms. M/D/1 waits ρ/(2(1−ρ)) services.
  expect(Math.abs(figure("first", "mean_wait_ms") - 10)).toBeLessThan(0.3);
  expect(Math.abs(figure("first", "p99_ms") - 20 * Math.log(100))).toBeLessThan(3);
  expect(Math.abs(figure("second", "mean_wait_ms") - 5 / 6)).toBeLessThan(0.03);
  await expect(page.locator(".simulate-head")).toContainText("sum of mean times along the slowest path");
  await expect(page.locator(".sim-plot .over")).toHaveCount(1);
  const svg = await download(page, "SVG");
  const valid = await page.evaluate((text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror") === null, svg);
  expect(valid).toBe(true);
});

test("CPU and GPU give equal figures, to the last digit", async ({ page }) => {
  test.setTimeout(180_000);
  await simulate(page, guarded);
  await page.getByRole("combobox", { name: "Requests" }).selectOption({ label: "100,000" });
  const answers = [];
  for (const [engine, label] of [["CPU", "CPU"], ["GPU", "GPU (WebGPU)"]]) {
    await page.getByLabel("Engine").selectOption({ label });
    await run(page).click();
    await expect(ran(page)).toContainText(`${engine} ·`, { timeout: 120_000 });
    answers.push(await download(page, "CSV"));
  }
  expect(answers[0]).toContain("reranker");
  expect(answers[1]).toBe(answers[0]);
});

test("a run is cancelled at once, and another can follow", async ({ page }) => {
  await simulate(page, guarded);
  await page.getByRole("combobox", { name: "Requests" }).selectOption({ label: "10,000,000" });
  await run(page).click();
  await expect(page.getByRole("button", { name: /^Cancel/ })).toBeVisible();
  const took = await page.evaluate(async () => {
    const start = performance.now();
    const button = () => document.querySelector(".simulate-controls button[type=submit]");
    button().click();
    while (!button().textContent.includes("Run")) await new Promise(requestAnimationFrame);
    return performance.now() - start;
  });
  expect(took).toBeLessThan(100);
  await page.getByRole("combobox", { name: "Requests" }).selectOption({ label: "100,000" });
  await run(page).click();
  await expect(ran(page)).toContainText("100,032 requests", { timeout: 60_000 });
});

test("the nodes stand in the document's order, in table and plot, with what they may take", async ({ page }) => {
  await simulate(page, guarded);
  await run(page).click();
  await expect(rows(page).getByRole("rowheader")).toHaveText(["guard", "embedder", "store", "reranker"], { timeout: 60_000 });
  await expect(page.locator(".sim-row text.name")).toHaveText(["guard", "embedder", "store", "reranker"]);
  await expect(page.locator(".sim-row").first().locator("title")).toContainText("budget 60 ms");
  await expect(page.locator(".sim-row").first().locator(".budget")).toHaveCount(1);
  // Not every node has a mean, so a sum along a path would be too small.
  await expect(page.getByText("sum of mean times")).toHaveCount(0);
  await expect(page.locator(".simulate-head")).toContainText("29.1 /s");
  await page.locator(".sim-row").nth(2).click();
  await expect(page.locator("[data-item='node:store']")).toHaveClass(/selected/);
});

test("a slider is followed where runs are quick", async ({ page }) => {
  await simulate(page, guarded);
  await page.getByRole("combobox", { name: "Requests" }).selectOption({ label: "100,000" });
  // On a busy machine not every run takes less than 300 ms; after one that does, the slider alone is enough.
  await expect(async () => {
    await page.getByRole("slider").press("Home");
    await run(page).click();
    await expect(page.locator(".simulate-head")).toContainText("0.1 arrive", { timeout: 3_000 });
    await expect(run(page)).toBeVisible();
    await page.getByRole("slider").press("End");
    await expect(page.locator(".simulate-head")).toContainText("10000 arrive", { timeout: 2_000 });
  }).toPass({ timeout: 50_000 });
  await expect(rows(page).filter({ hasText: "reranker" })).toContainText("of its capacity asked; add replicas or lower the rate");
});

test("a node that cannot keep up is named, with the way out", async ({ page }) => {
  await simulate(page, guarded);
  const rate = page.getByLabel("Requests a second", { exact: true });
  await rate.fill("200");
  await rate.press("Tab");
  await run(page).click();
  await expect(rows(page).filter({ hasText: "reranker" })).toContainText("cannot keep up", { timeout: 60_000 });
  await page.getByRole("button", { name: /Back to the workload's 20 req/ }).click();
  await expect(rate).toHaveValue("20");
});

test("figures of an earlier version say so", async ({ page }) => {
  await simulate(page, guarded);
  await run(page).click();
  await expect(rows(page)).toHaveCount(4, { timeout: 60_000 });
  const earlier = page.getByText("of an earlier version");
  await expect(earlier).toHaveCount(0);
  await page.getByRole("button", { name: /^cache/ }).click();
  await expect(earlier).toBeVisible();
  await page.keyboard.press("Control+z");
  await page.getByRole("button", { name: "Run again" }).click();
  await expect(earlier).toHaveCount(0, { timeout: 30_000 });
});

test("what cannot be simulated says why", async ({ page }) => {
  await simulate(page, guarded.replace("to: store.query", "to: store.nowhere"));
  await run(page).click();
  await expect(page.locator(".simulate-refused")).toContainText("is not simulated: mend what Problems lists first");
  await expect(page.locator(".simulate-refused").getByRole("listitem")).toHaveCount(2);
  await expect(page.locator(".simulate-refused")).toContainText("nowhere");
});

for (const colorScheme of ["light", "dark"]) {
  test(`the figures have no accessibility violation that axe knows, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await simulate(page, guarded);
    const rate = page.getByLabel("Requests a second", { exact: true });
    await rate.fill("40");
    await rate.press("Tab");
    await run(page).click();
    await expect(rows(page)).toHaveCount(4, { timeout: 60_000 });
    const axe = new AxeBuilder({ page }).include("#panel-simulate").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]);
    const { violations } = await axe.analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
  });
}
