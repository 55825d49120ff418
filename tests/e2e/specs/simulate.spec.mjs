import AxeBuilder from "@axe-core/playwright";

import { expect, test } from "../page.mjs";
import { template } from "../share.mjs";
import { download, partial, ran, rows, run, simulate } from "../simulation.mjs";

const rag = await template("rag");
const guarded = await template("rag-guarded");

test("requests are followed through the graph, and judged by what it promises", async ({ page }) => {
  await simulate(page, rag);
  await run(page).click();
  await expect(ran(page)).toContainText("CPU · 1,000,000 requests · seed 1", { timeout: 60_000 });
  await expect(rows(page).getByRole("rowheader")).toHaveText(["request", "first token", "embedder", "store", "generator"]);
  const head = page.locator(".simulate-head");
  await expect(head).toContainText("p95 of a request; promised: 15 s");
  await expect(head).toContainText("answered in time");
  await expect(head).toContainText("busiest: generator");
  await expect(rows(page).filter({ hasText: "generator" })).toContainText("estimated");
  // Both journeys pass all nodes, in their order.
  const journeys = page.getByRole("region", { name: "Requests on their way" });
  await expect(journeys.getByRole("listitem").getByRole("button")).toHaveText(["embedder", "store", "generator", "embedder", "store", "generator"]);
  await expect(journeys).toContainText("of their time at generator, mostly being served");
  await journeys.getByRole("button", { name: "store" }).first().click();
  await expect(page.locator("[data-item='node:store']")).toHaveClass(/selected/);
  await page.getByText(/simplified or left out/).click();
  await expect(page.locator(".simulate-notes")).toContainText("the service time of generator is estimated");
});

test("where a node's time is unknown, the others are shown by themselves", async ({ page }) => {
  await simulate(page, partial);
  await run(page).click();
  await expect(rows(page)).toHaveCount(2, { timeout: 60_000 });
  await expect(ran(page)).toContainText("CPU · 1,000,000 requests at each node · seed 1");
  await expect(page.locator(".simulate-head")).toContainText("busiest: first");
  await expect(page.locator(".simulate-parts")).toContainText("judge keeps the graph from being simulated as a whole");
  await expect(page.getByRole("region", { name: "Requests on their way" })).toHaveCount(0);
  await page.getByText(/simplified or left out/).click();
  await expect(page.locator(".simulate-more")).toContainText("judge is left out");
  await rows(page).getByRole("button", { name: "last" }).click();
  await expect(page.locator("[data-item='node:last']")).toHaveClass(/selected/);
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
  await expect(rows(page)).toHaveCount(3, { timeout: 60_000 });
  const [head, ...lines] = (await download(page, "CSV")).trim().split("\n").map((line) => line.split(","));
  const figure = (node, column) => Number(lines.find(([name]) => name === node)[head.indexOf(column)]);
  // M/M/1 at half load: the time in the system is exponential of mean 20 ms.
  expect(Math.abs(figure("first", "mean_wait_ms") - 10)).toBeLessThan(0.3);
  expect(Math.abs(figure("first", "p99_ms") - 20 * Math.log(100))).toBeLessThan(3);
  // What leaves an M/M/1 queue comes at random to the next: M/D/1 waits ρ/(2(1−ρ)) services.
  expect(Math.abs(figure("second", "mean_wait_ms") - 5 / 6)).toBeLessThan(0.03);
  expect(Math.abs(figure("request", "mean_ms") - (20 + 5 + 5 / 6))).toBeLessThan(0.6);
  await expect(page.locator(".sim-plot .over")).toHaveCount(1);
  const svg = await download(page, "SVG");
  const valid = await page.evaluate((text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror") === null, svg);
  expect(valid).toBe(true);
});

test("the nodes stand in the document's order, in table and plot, with what they may take", async ({ page }) => {
  await simulate(page, partial);
  await run(page).click();
  await expect(rows(page).getByRole("rowheader")).toHaveText(["first", "last"], { timeout: 60_000 });
  await expect(page.locator(".sim-row text.name")).toHaveText(["first", "last"]);
  await expect(page.locator(".sim-row").first().locator("title")).toContainText("budget 60 ms");
  await expect(page.locator(".sim-row").first().locator(".over")).toHaveCount(1);
  // Not every node has a mean, so a sum along a path would be too small.
  await expect(page.getByText("sum of mean times")).toHaveCount(0);
  // M/M/1 at 20 a second of 30 ms is 60 % busy.
  await expect(page.locator(".simulate-head")).toContainText("33.3 /s");
  await page.locator(".sim-row").nth(1).click();
  await expect(page.locator("[data-item='node:last']")).toHaveClass(/selected/);
});

test("a slider is followed where runs are quick", async ({ page }) => {
  await simulate(page, partial);
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
  await expect(rows(page).filter({ hasText: "first" })).toContainText("of its capacity asked; add replicas or lower the rate");
});

test("a node that cannot keep up is named, with the way out", async ({ page }) => {
  await simulate(page, rag);
  const rate = page.getByLabel("Requests a second", { exact: true });
  await rate.fill("200");
  await rate.press("Tab");
  await run(page).click();
  await expect(rows(page).filter({ hasText: "generator" })).toContainText("cannot keep up", { timeout: 60_000 });
  await page.getByRole("button", { name: /Back to the workload's 5 req/ }).click();
  await expect(rate).toHaveValue("5");
});

test("figures of an earlier version say so", async ({ page }) => {
  await simulate(page, partial);
  await run(page).click();
  await expect(rows(page)).toHaveCount(2, { timeout: 60_000 });
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
    await simulate(page, rag);
    const rate = page.getByLabel("Requests a second", { exact: true });
    await rate.fill("5.5");
    await rate.press("Tab");
    await run(page).click();
    await expect(rows(page)).toHaveCount(5, { timeout: 60_000 });
    const axe = new AxeBuilder({ page }).include("#panel-simulate").withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]);
    const { violations } = await axe.analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
  });
}
