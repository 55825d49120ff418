// Runs a program in a worker. The first message names what to run:
//
//   { js: string, wasm: string | WebAssembly.Module }
//
// `js` is an absolute URL; `wasm` is one too, or the module that the page has compiled
// already. The program's `main` sets `self.onmessage`.
// Messages that arrive before that are kept and handed over in their order. When the
// program cannot start, the worker posts `{ failed: string }`.
const waiting = [];
const keep = (event) => waiting.push(event);

self.addEventListener(
  "message",
  async (event) => {
    self.addEventListener("message", keep);
    try {
      const { js, wasm } = event.data;
      const { default: start } = await import(js);
      await start({ module_or_path: wasm });
    } catch (error) {
      self.postMessage({ failed: String(error?.message ?? error) });
    } finally {
      self.removeEventListener("message", keep);
    }
    for (const { data, ports } of waiting) {
      self.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
    }
  },
  { once: true },
);
