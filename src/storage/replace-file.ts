import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { giveToOwner, syncFolder } from "./data-folder.ts";

/**
 * Replaces a file's content atomically; it is on disk when this returns. The file has mode 0600 and the folder's owner.
 * One writer at a time: a partial file that an interrupted writer has left is overwritten.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const folder = dirname(path);
  const partial = `${path}.partial`;
  const descriptor = openSync(partial, "w", 0o600);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  giveToOwner(partial, folder);
  renameSync(partial, path);
  syncFolder(folder);
}
