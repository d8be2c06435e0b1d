import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { giveToOwner, syncFolder } from "./data-folder.ts";

/**
 * Gives a file new content, at once for whoever reads it, and on disk when this returns. The file is for its owner alone,
 * who is the folder's. One writer at a time: what an earlier one left half-written is taken over.
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
