import type { Whereabouts } from "./file-identity.ts";
import { StoreError } from "./store.ts";

/** A file of the data folder that the next start would not find as this process has it. */
export interface ContentFault {
  readonly path: string;
  /** As `Whereabouts`. With `deleted`, the content can be written out again. */
  readonly state: Exclude<Whereabouts, "in-place">;
}

/**
 * Content of the data folder that this process has open or in memory, and that the next start reads by its path.
 *
 * A descriptor proves nothing about the path: the folder may have been deleted or moved, or its volume replaced.
 */
export interface FolderContent {
  /**
   * Why the next start would not read this content; undefined if it would. Never throws. Cheap enough for once a second
   * and for every sync: a few microseconds.
   */
  findFault(): ContentFault | undefined;
  /**
   * Writes the content to its path again; it is on disk when the promise resolves. Called only while `findFault` returns
   * `deleted`. Overwrites no file that another program has created. Rejects if it fails, and can then be called again.
   */
  restore(): Promise<void>;
}

/** Sentences that say what happened, for an error or the log. */
export function describeFault({ path, state }: ContentFault): string {
  return `${path} ${occurrences[state]}. ${faultRemedies[state]}`;
}

const occurrences: Readonly<Record<ContentFault["state"], string>> = {
  deleted: "was deleted while it was in use",
  moved: "was moved away, or its volume was unmounted, while it was in use",
  replaced: "was replaced by another file while it was in use",
  unreachable: "cannot be reached any more",
};

export const faultRemedies: Readonly<Record<ContentFault["state"], string>> = {
  deleted: "The server writes its content there again. Free some space or correct the permissions if it cannot",
  moved: "Move it back, or mount the volume again; the server then continues. A restart would begin without it",
  replaced: "Put the server's own file back, and the server continues. A restart would use the other file",
  unreachable: "Correct the permissions or mount the volume again; the server then continues",
};

/** Throws `StoreError` (unavailable) if there is a fault. */
export function refuseIfLost(fault: ContentFault | undefined): void {
  if (fault !== undefined) throw new StoreError("unavailable", describeFault(fault));
}
