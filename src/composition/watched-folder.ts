import { FolderWatch, type FolderWatchOptions } from "../storage/folder-watch.ts";
import type { Part } from "./part.ts";

/**
 * The part of a server that watches its data folder. It is drained before the others, so that what they store at the
 * end is stored where the next start reads it.
 */
export function openWatchedFolder(options: FolderWatchOptions): Part {
  const watch = new FolderWatch(options);
  return {
    isReady: () => watch.isIntact,
    drain: () => watch.finish(),
    [Symbol.asyncDispose]: () => watch.close(),
  };
}
