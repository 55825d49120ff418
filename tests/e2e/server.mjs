// Serves the built site under one or more path prefixes.
//
//   node tests/e2e/server.mjs [--root dist] [--port 8080] [--prefix /some/prefix/]...
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".yaml": "application/yaml; charset=utf-8",
  ".yml": "application/yaml; charset=utf-8",
};

/** Starts a server for the folder `root`; resolves to it and the port it listens on. */
export async function serve({ root, port = 0, prefixes = ["/"] }) {
  const folder = resolve(root);
  const server = createServer(async (request, response) => {
    const answer = (status, text) => response.writeHead(status, { "content-type": TYPES[".txt"] }).end(text);
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "only GET and HEAD\n");
    const path = pathOf(request.url);
    const prefix = prefixes.filter((prefix) => path?.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
    if (prefix === undefined) return answer(404, "not found\n");
    const rest = path.slice(prefix.length);
    let file = normalize(join(folder, rest));
    if (file !== folder && !file.startsWith(folder + sep)) return answer(404, "not found\n");
    if (rest === "" || rest.endsWith("/")) file = join(file, "index.html");
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) return answer(404, "not found\n");
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": found.size,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    if (request.method === "HEAD") return response.end();
    createReadStream(file).on("error", () => response.destroy()).pipe(response);
  });
  await new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", listening);
  });
  return { server, port: server.address().port };
}

function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return null;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      root: { type: "string", default: "dist" },
      port: { type: "string", default: "8080" },
      prefix: { type: "string", multiple: true, default: ["/"] },
    },
  });
  try {
    const { port } = await serve({ root: values.root, port: Number(values.port), prefixes: values.prefix });
    for (const prefix of values.prefix) console.log(`http://127.0.0.1:${port}${prefix}`);
  } catch (error) {
    const busy = error.code === "EADDRINUSE";
    console.error(busy ? `port ${values.port} is in use; choose another with --port` : error.message);
    process.exit(1);
  }
}
