// Starts the designer. The page's script element carries the names of the built files;
// the application reads their addresses from `globalThis.modelspecAssets`:
//
//   { js, wasm, worker, engine, engineWasm, editor: string, rest?: string }   absolute URLs
//
// `new Worker(assets.worker, { type: "module" })` with a first message
// `{ js: assets.engine, wasm: assets.engineWasm }` runs the engine in a worker (see worker.js);
// `import(assets.editor)` loads the text editor.
//
// <html data-state> is "ready" once the program's `main` has returned, "failed" when it
// could not start. It has data-program="whole" once the rest of the program is there too.
const script = document.getElementById("start");
const root = document.documentElement;
const absolute = (address) => new URL(address, document.baseURI).href;

const assets = Object.freeze({
  js: absolute(script.dataset.js),
  wasm: absolute(script.dataset.wasm),
  worker: absolute(script.dataset.worker),
  engine: absolute(script.dataset.engine),
  engineWasm: absolute(script.dataset.engineWasm),
  editor: absolute(script.dataset.editor),
  ...(script.dataset.rest && { rest: absolute(script.dataset.rest) }),
});
globalThis.modelspecAssets = assets;

// A release build holds the program in two files (xtask/src/site/split.rs). The second joins the
// first by its imports: the first's own exports.
const join = (rest, first) => new WebAssembly.Instance(rest, { first });

// The program calls this when it needs the rest before it has come. The call cannot wait for a
// promise, so the request holds the page until the answer is there.
globalThis.modelspecLoadRest = (first) => {
  const request = new XMLHttpRequest();
  request.open("GET", assets.rest, false);
  // Bytes, each as one character: such a request may not ask for a buffer.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new Error("a part of the designer could not be loaded");
  const bytes = Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff);
  join(new WebAssembly.Module(bytes), first);
};

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
const idle = () => new Promise((resume) => ("requestIdleCallback" in globalThis ? requestIdleCallback(resume, { timeout: 500 }) : setTimeout(resume, 50)));

const fetchRest = async (first) => {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      const answer = await fetch(assets.rest);
      if (!answer.ok) throw new Error(`${assets.rest} answers ${answer.status}`);
      const rest = await WebAssembly.compile(await answer.arrayBuffer());
      if (!first.rest_loaded.value) join(rest, first);
      return;
    } catch (error) {
      console.warn("the rest of the designer has not come yet:", error);
      await pause(wait);
    }
  }
};

const run = async () => {
  const { default: start, rest_joined: restJoined } = await import(assets.js);
  const first = await start({ module_or_path: assets.wasm });
  document.getElementById("loading")?.remove();
  root.dataset.state = "ready";
  return { first, restJoined };
};

const fail = (error) => {
  root.dataset.state = "failed";
  const place = document.getElementById("loading") ?? document.body.appendChild(document.createElement("div"));
  place.id = "loading";
  place.className = "failed";
  place.setAttribute("role", "alert");
  place.textContent = `The designer could not start: ${error?.message ?? error}. Reload the page; if that does not help, try a current browser.`;
  console.error(error);
};

run().then(async ({ first, restJoined }) => {
  // The first picture comes before the rest of the program.
  await idle();
  performance.mark("first-picture");
  if (assets.rest) await fetchRest(first);
  restJoined();
  root.dataset.program = "whole";
}, fail);
