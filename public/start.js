// Starts the designer. The page's script element carries the names of the built files;
// the application reads their addresses from `globalThis.modelspecAssets`:
//
//   { js, wasm, worker, engine, engineWasm, editor: string }   absolute URLs
//
// `new Worker(assets.worker, { type: "module" })` with a first message
// `{ js: assets.engine, wasm: assets.engineWasm }` runs the engine in a worker (see worker.js);
// `import(assets.editor)` loads the text editor.
//
// <html data-state> is "ready" once the program's `main` has returned, "failed" when it
// could not start.
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
});
globalThis.modelspecAssets = assets;

try {
  const { default: start } = await import(assets.js);
  await start({ module_or_path: assets.wasm });
  document.getElementById("loading")?.remove();
  root.dataset.state = "ready";
} catch (error) {
  root.dataset.state = "failed";
  const place = document.getElementById("loading") ?? document.body.appendChild(document.createElement("div"));
  place.id = "loading";
  place.className = "failed";
  place.setAttribute("role", "alert");
  place.textContent = `The designer could not start: ${error?.message ?? error}. Reload the page; if that does not help, try a current browser.`;
  console.error(error);
}
