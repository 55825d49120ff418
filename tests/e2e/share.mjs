// Share links, made outside the browser.
import { readFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";
import { fileURLToPath } from "node:url";

/** The part behind the address that holds the text: `#v1:…`. */
export const hashOf = (text) => `#v1:${deflateRawSync(Buffer.from(text)).toString("base64url")}`;

/** The text of a template, such as `rag-guarded`. */
export const template = (name) =>
  readFile(fileURLToPath(new URL(`../../public/examples/${name}.modelspec.yaml`, import.meta.url)), "utf8");
