// The engines behind the panel: equal figures, devices that last or are lost, and runs given up.
import { expect, open, test } from "../page.mjs";
import { template } from "../share.mjs";
import { answers, cancelled, download, engineOf, figuresOf, keepMessages, partial, ran, randomGraph, run, simulate, watchDevices } from "../simulation.mjs";

const rag = await template("rag");
const note = (page) => page.locator(".simulate-note");

/** Chooses what computes, and how many requests. */
async function choose(page, engine, requests) {
  await page.getByLabel("Engine").selectOption({ label: engine });
  await page.getByRole("combobox", { name: "Requests" }).selectOption({ label: requests });
}

test("CPU and GPU give equal figures, to the last digit", async ({ page }) => {
  test.setTimeout(180_000);
  await simulate(page, partial);
  const answers = [];
  for (const [engine, label] of [["CPU", "CPU"], ["GPU", "GPU (WebGPU)"]]) {
    await choose(page, label, "100,000");
    await run(page).click();
    await expect(ran(page)).toContainText(`${engine} ·`, { timeout: 120_000 });
    answers.push(await download(page, "CSV"));
  }
  expect(answers[0]).toContain("last");
  expect(answers[1]).toBe(answers[0]);
});

// `RANDOM_GRAPHS` compares more, or fewer.
const GRAPHS = Number(process.env.RANDOM_GRAPHS ?? 20);

test("whole graphs give equal histograms on CPU and GPU, at random", async ({ page }) => {
  // One device serves all: its kernels, of sweeps and of loops, are compiled once, which takes seconds
  // in software.
  test.setTimeout(90_000 + 6_000 * GRAPHS);
  await open(page);
  const graphs = Array.from({ length: GRAPHS }, (_, at) => randomGraph(at + 1, { isBounded: at % 2 === 1, comesBack: at % 4 === 3 }));
  const tasks = graphs.flatMap((text) => ["cpu", "gpu"].map((engine) => ({ text, engine, requests: 800 })));
  const found = await answers(page, tasks);
  for (const [at, graph] of graphs.entries()) {
    const [cpu, gpu] = found.slice(2 * at, 2 * at + 2);
    expect([cpu.engine, gpu.engine, gpu.note], graph).toEqual(["cpu", "gpu", cpu.note]);
    expect(cpu.distribution.length, graph).toBeGreaterThan(3);
    expect(figuresOf(gpu), graph).toEqual(figuresOf(cpu));
  }
  expect(new Set(found.map(({ endToEnd }) => endToEnd.meanMs)).size).toBe(GRAPHS);
});

/** The answers for a graph on the GPU, and how many devices the engine has had since. */
async function devices(page, text, requests) {
  const [answer] = await answers(page, [{ text, engine: "gpu", requests }]);
  return [answer, await engineOf(page).evaluate(() => globalThis.devices.length)];
}

test("a device is kept from run to run, and another follows one that was lost", async ({ page }) => {
  test.setTimeout(120_000);
  await watchDevices(page);
  await open(page);
  const graph = randomGraph(3);
  const [first, one] = await devices(page, graph, 800);
  const [second, still] = await devices(page, graph, 800);
  await engineOf(page).evaluate(() => globalThis.devices[0].destroy());
  const [third, another] = await devices(page, graph, 800);
  expect([one, still, another]).toEqual([1, 1, 2]);
  for (const answer of [first, second, third]) {
    expect([answer.engine, answer.note]).toEqual(["gpu", null]);
    expect(figuresOf(answer)).toEqual(figuresOf(first));
  }
});

for (const [mortal, told] of [
  [1, /^the GPU was lost: .*; another took over$/],
  [2, /^the GPU was lost: .*; the CPU simulated \d+ of 4 replications instead$/],
]) {
  test(`a graph has the same figures when ${mortal} of its devices are lost on the way`, async ({ page }) => {
    test.setTimeout(120_000);
    await watchDevices(page, { mortal, after: 7 });
    await open(page);
    const graph = randomGraph(3);
    const [expected] = await answers(page, [{ text: graph, engine: "cpu", requests: 800 }]);
    const [found, count] = await devices(page, graph, 800);
    expect(found.note).toMatch(told);
    expect(count).toBe(2);
    expect(figuresOf(found)).toEqual(figuresOf(expected));
  });
}

test("the page tells of a device that was lost", async ({ page }) => {
  test.setTimeout(180_000);
  await watchDevices(page, { mortal: 1, after: 7 });
  await simulate(page, randomGraph(3));
  await choose(page, "GPU (WebGPU)", "100,000");
  await run(page).click();
  await expect(note(page)).toHaveText(/^the GPU was lost: .*; another took over$/, { timeout: 120_000 });
  await expect(ran(page)).toContainText("GPU · 100,");
});

test("the page says why a graph is simulated event by event", async ({ page }) => {
  await simulate(page, await template("agent-tools"));
  await choose(page, "CPU", "100,000");
  await run(page).click();
  await expect(ran(page)).toContainText("CPU · 100,", { timeout: 60_000 });
  await expect(note(page)).toHaveText(/^event by event, since a loop leads back to /);
  // Requests are followed in it, round by round.
  const journeys = page.getByRole("region", { name: "Requests on their way" });
  const stops = journeys.locator(".waterfall").last().getByRole("listitem").getByRole("button");
  await expect(stops.first()).toHaveText("guard");
  await expect(stops.last()).toHaveText("review");
  expect((await stops.filter({ hasText: "planner" }).all()).length).toBeGreaterThan(1);
  await expect(journeys).toContainText("of their time at planner");
});

for (const [engine, text, most] of [
  ["CPU", rag, 100],
  // Event by event.
  ["CPU", await template("agent-tools"), 100],
  // In software the dispatch that has begun keeps the cores until it is done, which is 200 ms at most.
  ["GPU (WebGPU)", randomGraph(1), 300],
]) {
  test(`a run is cancelled at once, and its worker stays for another: ${/name: ([^\n}]*)/.exec(text)[1]}, ${engine}`, async ({ page }) => {
    test.setTimeout(180_000);
    await keepMessages(page);
    await watchDevices(page);
    await simulate(page, text);
    // A busy machine may hold a thread up; it does not do so three times.
    const times = [];
    let worker;
    for (let round = 0; round < 3; round += 1) {
      await choose(page, engine, "10,000,000");
      await run(page).click();
      await expect(page.getByRole("button", { name: /^Cancel · [1-9]/ })).toBeVisible({ timeout: 60_000 });
      worker ??= engineOf(page);
      times.push(await cancelled(page));
      await expect(run(page)).toBeVisible();
    }
    console.log(times.map(({ shown, idle }) => `${shown.toFixed(0)} ms until shown, ${idle.toFixed(0)} ms until idle`).join("; "));
    expect(Math.min(...times.map(({ shown }) => shown))).toBeLessThan(most);
    expect(Math.min(...times.map(({ idle }) => idle))).toBeLessThan(most);
    await choose(page, engine, "100,000");
    await run(page).click();
    await expect(ran(page)).toContainText(`${engine.slice(0, 3)} · 100,`, { timeout: 120_000 });
    expect(engineOf(page)).toBe(worker);
    expect(await worker.evaluate(() => globalThis.devices.length)).toBe(engine === "CPU" ? 0 : 1);
  });
}

test("a question that follows a cancelled one is answered", async ({ page }) => {
  await simulate(page, rag);
  await choose(page, "CPU", "10,000,000");
  await run(page).click();
  await expect(page.getByRole("button", { name: /^Cancel · [1-9]/ })).toBeVisible({ timeout: 60_000 });
  await page.getByRole("combobox", { name: "Requests" }).selectOption({ label: "100,000" });
  // At once, before the worker can have told of the end.
  await page.evaluate(() => {
    const button = document.querySelector(".simulate-controls button[type=submit]");
    button.click();
    button.click();
  });
  await expect(ran(page)).toContainText("CPU · 100,", { timeout: 60_000 });
});

test("a worker that does not hear is ended, and another answers", async ({ page }) => {
  // Its messages never have a turn, as if it were stuck.
  await page.route("**/worker.js", async (route) => {
    const response = await route.fetch();
    const deaf = `{
      const post = MessagePort.prototype.postMessage;
      MessagePort.prototype.postMessage = function (...message) {
        if (!globalThis.isStuck) post.apply(this, message);
      };
    }`;
    await route.fulfill({ response, body: `${deaf}\n${await response.text()}` });
  });
  await simulate(page, rag);
  await choose(page, "CPU", "10,000,000");
  await run(page).click();
  await expect(page.getByRole("button", { name: /^Cancel · [1-9]/ })).toBeVisible({ timeout: 60_000 });
  const worker = engineOf(page);
  const ended = worker.waitForEvent("close");
  await worker.evaluate(() => { globalThis.isStuck = true; });
  await choose(page, "CPU", "100,000");
  await page.evaluate(() => {
    const button = document.querySelector(".simulate-controls button[type=submit]");
    button.click();
    button.click();
  });
  await ended;
  await expect(ran(page)).toContainText("CPU · 100,", { timeout: 60_000 });
});
