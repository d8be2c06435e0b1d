import { closeSync, fsyncSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./data-folder.ts";
import { createOwnFile } from "./own-file.ts";

/**
 * Replaces a file's content atomically; it is on disk when this returns. The file has mode 0600 and the folder's owner.
 * One writer at a time: a partial file that an interrupted writer has left is removed.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const folder = dirname(path);
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  const descriptor = createOwnFile(partial);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, path);
  syncFolder(folder);
}
