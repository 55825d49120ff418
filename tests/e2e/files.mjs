// Files of the disk, given to the page as a user gives them.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Writes files, by their paths, below a fresh folder; `use` gets its path, then it goes. */
export async function withFiles(files, use) {
  const folder = await mkdtemp(join(tmpdir(), "designer-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Holds files and folders of the disk over the page; the answer drops them. */
export async function hold(page, ...paths) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const { width, height } = page.viewportSize();
  const [x, y] = [Math.round(width / 2), Math.round(height / 3)];
  const send = (type) => session.send("Input.dispatchDragEvent", { type, x, y, data });
  await send("dragEnter");
  await send("dragOver");
  return async () => {
    await send("drop");
    await session.detach();
  };
}

/** Drops files and folders of the disk on the page. */
export async function drop(page, ...paths) {
  const release = await hold(page, ...paths);
  await release();
}
