import { deflateRawSync } from "node:zlib";

import { expect, open, test } from "../page.mjs";

const GRAPH = `# Grüße aus Kraków — 図 😀
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata:
  name: unicode-graph
spec:
  nodes:
    embedder: { role: embedder } # keeps this remark
  edges: []
`;

const named = (name) => GRAPH.replace("unicode-graph", name);
const link = (text) => `#v1:${deflateRawSync(Buffer.from(text)).toString("base64url")}`;
const title = (page) => page.getByRole("heading", { level: 1 });
const message = (page) => page.locator(".toast");
const saved = (page) => expect(page.locator(".title-state")).toContainText("saved on this device");

/** Runs a command by its name, as a user does from the palette. */
async function run(page, command) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^(Search|Recover)/ }).fill(command);
  await page.keyboard.press("Enter");
}

/** Drops files on the page. */
async function drop(page, ...files) {
  const data = await page.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const { name, bytes } of files) data.items.add(new File([new Uint8Array(bytes)], name));
    return data;
  }, files.map(({ name, bytes }) => ({ name, bytes: [...Buffer.from(bytes)] })));
  await page.dispatchEvent("body", "dragover", { dataTransfer: data });
  await expect(page.getByText("Drop to open or import")).toBeVisible();
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
  await expect(page.getByText("Drop to open or import")).toBeHidden();
}

test("a share link brings back every byte", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, `/${link(GRAPH)}`);
  await expect(title(page)).toHaveText("unicode-graph");
  await run(page, "Share by link");
  const address = await page.getByRole("textbox", { name: "Link", exact: true }).inputValue();
  expect(address).toContain("/#v1:");
  await page.getByRole("button", { name: "Copy the link" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(address);
  const embed = await page.getByRole("textbox", { name: "Code to embed it" }).inputValue();
  expect(embed).toContain(`/embed.html${new URL(address).hash}`);

  const text = await page.evaluate(async (payload) => {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Response(stream).text();
  }, new URL(address).hash.slice("#v1:".length));
  expect(text).toBe(GRAPH);
});

test("a long link warns of programs that cut it", async ({ page }) => {
  let noise = "";
  for (let seed = 7, at = 0; at < 2000; at++) {
    seed = (seed * 48271) % 2147483647;
    noise += `# ${seed.toString(36)}\n`;
  }
  await open(page, `/${link(noise + GRAPH)}`);
  await run(page, "Share by link");
  await expect(page.getByRole("note")).toContainText("Some mail and chat programs cut links over 8,000");
});

const BAD = {
  "no Base64": "#v1:!!!",
  "not deflated": "#v1:AAAA",
  "cut": link(GRAPH).slice(0, 60),
  "empty": "#v1:",
  "of a later kind": "#v2:abc",
  "not UTF-8": `#v1:${deflateRawSync(Buffer.from([0x61, 0xff, 0xfe])).toString("base64url")}`,
  "not a document": link("Dear reader"),
  "percent signs": "#v1:%E4%00",
  "more behind the end": `#v1:${Buffer.concat([deflateRawSync(Buffer.from(GRAPH)), Buffer.from("more")]).toString("base64url")}`,
  "a bomb": `#v1:${deflateRawSync(Buffer.alloc(17 << 20, 0x61)).toString("base64url")}`,
};

test("a link that cannot be read says so, and the open document stays", async ({ page }) => {
  await open(page, `/${link(GRAPH)}`);
  await expect(title(page)).toHaveText("unicode-graph");
  for (const [what, hash] of Object.entries(BAD)) {
    await test.step(what, async () => {
      await page.evaluate((hash) => (location.hash = hash), hash);
      await expect(message(page)).toContainText(/link/i);
      await message(page).getByRole("button").click();
      await expect(title(page)).toHaveText("unicode-graph");
    });
  }
  await page.evaluate((hash) => (location.hash = hash), link(named("second")));
  await expect(title(page)).toHaveText("second");
});

test("a bad link at the start falls back to what the browser keeps", async ({ page }) => {
  await open(page, `/${link(named("kept"))}`);
  await saved(page);
  await page.goto("about:blank");
  await open(page, "/#v1:nothing");
  await expect(message(page)).toContainText("damaged");
  await expect(title(page)).toHaveText("kept");
});

test("what was open is recovered after a reload, edits included", async ({ page }) => {
  await open(page, `/${link(named("first"))}`);
  await drop(page, { name: "second.yaml", bytes: named("second") });
  await expect(title(page)).toHaveText("second");
  await expect.poll(() => page.evaluate(() => location.hash)).toBe("");
  await saved(page);
  await page.reload();
  await expect(title(page)).toHaveText("second");
  await expect(message(page)).toContainText("Recovered what you had open");
});

test("a change that was just made survives a reload", async ({ page }) => {
  await open(page, `/${link(GRAPH)}`);
  await saved(page);
  await page.getByRole("button", { name: /reranker/ }).click();
  await page.reload();
  await expect(title(page)).toHaveText("unicode-graph");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^(Search|Recover)/ }).fill("reranker");
  await expect(page.getByRole("option", { name: /reranker/ })).toBeVisible();
});

test("an earlier document can be recovered from the list", async ({ page }) => {
  await open(page, `/${link(named("first"))}`);
  await saved(page);
  await drop(page, { name: "second.yaml", bytes: named("second") });
  await expect(title(page)).toHaveText("second");
  await run(page, "Recover an earlier document");
  await page.getByRole("option", { name: /first/ }).click();
  await expect(title(page)).toHaveText("first");
  await run(page, "Recover an earlier document");
  await expect(page.getByRole("option", { name: /second/ })).toBeVisible();
});

test("tabs keep their documents apart, and a new one takes what none has open", async ({ page, context }) => {
  await open(page, `/${link(named("left"))}`);
  await saved(page);
  const other = await context.newPage();
  await open(other, "/");
  await expect(title(other)).not.toHaveText("left");
  await drop(other, { name: "right.yaml", bytes: named("right") });
  await saved(other);
  await page.goto("about:blank");
  await open(page, "/");
  await expect(title(page)).toHaveText("left");
  await other.reload();
  await expect(title(other)).toHaveText("right");
  await other.close();
  const third = await context.newPage();
  await open(third, "/");
  await expect(title(third)).toHaveText("right");
});

test("a dropped file opens; what is no document says why", async ({ page }) => {
  await open(page);
  await drop(page, { name: "good.yaml", bytes: named("good") });
  await expect(title(page)).toHaveText("good");
  const refused = [
    ["latin.yaml", [...Buffer.from("kind: ModelGraph\nname: "), 0xe4, 10], "UTF-8"],
    ["wide.yaml", [0xff, 0xfe, 0x61, 0], "UTF-16"],
    ["empty.yaml", "", "empty"],
  ];
  for (const [name, bytes, why] of refused) {
    await drop(page, { name, bytes });
    await expect(message(page)).toContainText(`${name} cannot be opened`);
    await expect(message(page)).toContainText(why);
    await expect(title(page)).toHaveText("good");
  }
  await drop(page, { name: "a.yaml", bytes: named("a") }, { name: "b.yaml", bytes: named("b") });
  await page.getByRole("option", { name: /Open b\.yaml/ }).click();
  await expect(title(page)).toHaveText("b");
});

test("a file with mistakes opens and its findings are shown", async ({ page }) => {
  await open(page);
  await drop(page, { name: "broken.yaml", bytes: "kind: ModelGraph\nspec: [\n" });
  await expect(title(page)).toHaveText("broken.yaml");
  await expect(page.locator(".counts .pill.error")).toBeVisible();
});

test("a pasted graph opens, but not within a field", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, `/${link(named("first"))}`);
  await page.evaluate((text) => navigator.clipboard.writeText(text), named("pasted"));
  await page.getByRole("searchbox", { name: "Filter the roles" }).focus();
  await page.keyboard.press("Control+v");
  await expect(title(page)).toHaveText("first");
  await page.locator("body").click({ position: { x: 600, y: 300 } });
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Control+v");
  await expect(title(page)).toHaveText("pasted");
});

test("saving without a file system downloads the bytes", async ({ page }) => {
  await page.addInitScript(() => {
    delete globalThis.showOpenFilePicker;
    delete globalThis.showSaveFilePicker;
    delete Window.prototype.showOpenFilePicker;
    delete Window.prototype.showSaveFilePicker;
  });
  await open(page, `/${link(GRAPH)}`);
  await expect(title(page)).toHaveText("unicode-graph");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Control+s")]);
  expect(download.suggestedFilename()).toBe("unicode-graph.modelspec.yaml");
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe(GRAPH);

  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Control+o")]);
  await chooser.setFiles({ name: "chosen.yaml", mimeType: "application/yaml", buffer: Buffer.from(named("chosen")) });
  await expect(title(page)).toHaveText("chosen");
});

test("a file that was opened is saved in place", async ({ page }) => {
  await page.addInitScript((text) => {
    globalThis.written = [];
    const handle = {
      kind: "file",
      name: "in-place.yaml",
      getFile: async () => new File([text], "in-place.yaml"),
      createWritable: async () => ({
        write: async (text) => void globalThis.written.push(text),
        close: async () => {},
      }),
    };
    globalThis.showOpenFilePicker = async () => [handle];
    globalThis.showSaveFilePicker = async () => {
      throw new Error("it must not ask again");
    };
  }, named("in-place"));
  await open(page);
  await page.keyboard.press("Control+o");
  await expect(title(page)).toHaveText("in-place");
  await page.keyboard.press("Control+s");
  await expect(message(page)).toContainText("Saved in-place.yaml");
  expect(await page.evaluate(() => globalThis.written)).toEqual([named("in-place")]);
});

test("without storage the page works and says that nothing is kept", async ({ page }) => {
  await page.addInitScript(() => {
    const refuse = () => {
      throw new DOMException("denied", "SecurityError");
    };
    for (const name of ["indexedDB", "sessionStorage", "localStorage"]) {
      Object.defineProperty(globalThis, name, { get: refuse });
    }
  });
  await open(page, `/${link(GRAPH)}`);
  await expect(title(page)).toHaveText("unicode-graph");
  await expect(page.locator(".title-state")).toContainText("not saved: this page may keep nothing");
});
