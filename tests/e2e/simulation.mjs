// The panel that simulates, and the engine behind it.
import { readFile } from "node:fs/promises";

import { open } from "./page.mjs";
import { hashOf } from "./share.mjs";

// Nobody knows how long the judge takes, so no request can be followed through the graph.
export const partial = `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: partial}
spec:
  inputs: {in: {type: text}}
  outputs: {out: {type: text}}
  nodes:
    first: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {exponential: {mean: 30ms}}, budget: 60ms}
    judge: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}}
    last: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {fixed: 5ms}}
  edges:
    - {from: inputs.in, to: first.in}
    - {from: first.out, to: judge.in}
    - {from: judge.out, to: last.in}
    - {from: last.out, to: outputs.out}
  workload: {arrivals: {poisson: {rate: 20rps}}}
`;

export const run = (page) => page.getByRole("button", { name: "Run", exact: true });
export const ran = (page) => page.locator(".simulate-ran");
export const rows = (page) => page.getByRole("region", { name: "Figures of every node" }).getByRole("row").filter({ has: page.getByRole("rowheader") });

/** Opens a document at the panel. */
export async function simulate(page, text) {
  await open(page, `/${hashOf(text)}`);
  await page.getByRole("tab", { name: "Simulate" }).click();
}

/** What a button saves, as text. */
export async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
  return readFile(await file.path(), "utf8");
}

/** Numbers from 0 to 1, the same for the same seed. */
function* numbers(seed) {
  for (let state = seed; ; ) {
    state = (state + 0x9e3779b9) | 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    yield ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  }
}

/**
 * A graph of branches that meet again: queues, replicas, batches, joins, chances, ways, and limits. If
 * it is asked for, some nodes have timeouts, and the last may lead back to the first.
 */
export function randomGraph(seed, { isBounded = false, comesBack = false } = {}) {
  const from = (draws) => (...choices) => choices[Math.floor(draws.next().value * choices.length)];
  const one = from(numbers(seed));
  const other = from(numbers(-seed));
  const times = () => one("fixed: 4ms", `exponential: {mean: ${one(3, 6, 9)}ms}`, "lognormal: {p50: 4ms, p95: 9ms}");
  const routing = () => one("central", "leastLoaded", "roundRobin", "random", "powerOfTwo");
  const work = () =>
    one(
      `service: {${times()}}, placement: {replicas: ${one(1, 2, 3)}, routing: ${routing()}, concurrency: 1}`,
      `service: {${times()}}, placement: {replicas: ${one(2, 3)}, routing: ${routing()}, concurrency: 1, queueLimit: ${one(1, 4)}}`,
      `service: {batch: {base: 3ms, perItem: 1ms}}, placement: {replicas: ${one(1, 2)}, batch: {dynamic: {maxSize: ${one(2, 5)}, maxDelay: 2ms}}}`,
    );
  const branches = Array.from({ length: one(1, 2, 3) }, (_, at) => `branch${at}`);
  const node = (name) => `    ${name}: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, ${work()}${patience()}}`;
  const patience = () => (isBounded ? other("", `, serving: {timeout: ${other(8, 20)}ms}`) : "");
  const back = "    - {from: last.out, to: first.in, loop: {maxIterations: 3, continue: 30%}}\n";
  const way = () => one("", ", hop: 1ms", ", timeout: 30ms");
  return `apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: random-${seed}}
spec:
  inputs: {in: {type: text}}
  outputs: {out: {type: text}}
  nodes:
${["first", ...branches, "last"].map(node).join("\n")}
    meet: {role: join, join: ${one("all", "any")}, inputs: {in: {type: text}}, outputs: {out: {type: text}}}
  edges:
    - {from: inputs.in, to: first.in}
${branches.map((name) => `    - {from: first.out, to: ${name}.in${way()}}\n    - {from: ${name}.out, to: meet.in}`).join("\n")}
    - {from: meet.out, to: last.in}
    - {from: last.out, to: outputs.out}
${comesBack ? back : ""}  workload: {arrivals: {poisson: {rate: ${one(20, 60)}rps}}}
`;
}

/** What an engine's worker of our own answers to the tasks, one after the other; it stays. */
export function answers(page, tasks) {
  return page.evaluate(async (tasks) => {
    const start = () => {
      const { worker: address, engine: js, engineWasm: wasm } = globalThis.modelspecAssets;
      const worker = new Worker(address, { type: "module" });
      worker.postMessage({ js, wasm });
      return worker;
    };
    const worker = (globalThis.ownEngine ??= start());
    const answer = (task) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          const answer = typeof data === "string" ? JSON.parse(data) : data;
          if (answer.done) resolve(answer.done);
          if (answer.refused || answer.failed) reject(new Error(JSON.stringify(answer)));
        };
        worker.postMessage(JSON.stringify({ id: 1, do: "simulate", files: {}, rate: null, replications: 4, seed: 7, ...task }));
      });
    const found = [];
    for (const task of tasks) found.push(await answer(task));
    return found;
  }, tasks);
}

/** Without what tells the engines apart. */
export const figuresOf = ({ engine, engineNote, note, elapsedMs, ...figures }) => figures;

/**
 * Keeps the engine's GPU devices in `devices`, a global of its worker; the first `mortal` of them are
 * destroyed with their `after`th piece of work.
 */
export async function watchDevices(page, { mortal = 0, after = 0 } = {}) {
  const watch = ({ mortal, after }) => {
    const devices = (globalThis.devices = []);
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...details) {
      const device = await request.apply(this, details);
      if (devices.push(device) <= mortal) {
        const { queue } = device;
        let submitted = 0;
        queue.submit = (...work) => {
          GPUQueue.prototype.submit.apply(queue, work);
          submitted += 1;
          if (submitted === after) device.destroy();
        };
      }
      return device;
    };
  };
  await page.route("**/worker.js", async (route) => {
    const response = await route.fetch();
    const body = `(${watch})(${JSON.stringify({ mortal, after })});\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
}

/** Keeps what workers say to the page, with the time of each message, in `said`, a global of the page. */
export function keepMessages(page) {
  return page.addInitScript(() => {
    const said = (globalThis.said = []);
    globalThis.Worker = class extends Worker {
      constructor(...details) {
        super(...details);
        this.addEventListener("message", ({ data }) => said.push([performance.now(), String(data)]));
      }
    };
  });
}

/**
 * Cancels the run that goes on, in milliseconds: until the page shows it, and until the worker has
 * nothing to compute any more.
 */
export function cancelled(page) {
  return page.evaluate(async () => {
    const button = () => document.querySelector(".simulate-controls button[type=submit]");
    const frame = () => new Promise(requestAnimationFrame);
    const before = said.length;
    const start = performance.now();
    button().click();
    while (!button().textContent.includes("Run")) await frame();
    const shown = performance.now() - start;
    const ended = () => said.slice(before).find(([, text]) => text.includes('"cancelled"'));
    while (!ended() && performance.now() - start < 5_000) await frame();
    return { shown, idle: (ended()?.[0] ?? Infinity) - start };
  });
}

/** The engine's worker. */
export const engineOf = (page) => page.workers().find((worker) => worker.url().endsWith("/worker.js"));
