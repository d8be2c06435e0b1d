import { type BigIntStats, fstatSync, statSync } from "node:fs";
import { errorCode } from "../lib/error-code.ts";

/** The facts by which two references to one file are recognised. */
export interface FileFacts {
  readonly device: bigint;
  readonly inode: bigint;
  /** The number of the file's names. A file without one ends when the last descriptor of it is closed. */
  readonly links: bigint;
  readonly bytes: bigint;
}

/** The calls of the file system by which files are compared. */
export interface FileSystem {
  /** The file that a path names, symbolic links followed; undefined if there is none. Throws the system's error. */
  at(path: string): FileFacts | undefined;
  /** The file that a descriptor refers to, whether it has a name or not. */
  of(descriptor: number): FileFacts;
}

export const systemFiles: FileSystem = {
  at(path) {
    try {
      const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
      return facts && factsOf(facts);
    } catch (error) {
      if (errorCode(error) === "ENOTDIR") return undefined;
      throw error;
    }
  },
  of(descriptor) {
    return factsOf(fstatSync(descriptor, { bigint: true }));
  },
};

function factsOf({ dev, ino, nlink, size }: BigIntStats): FileFacts {
  return { device: dev, inode: ino, links: nlink, bytes: size };
}

/**
 * The state of an open file.
 *
 * - `in-place`: its path still names it.
 * - `deleted`: nothing names it; its content ends with this process.
 * - `moved`: its path names nothing, but it has a name elsewhere, perhaps on a volume that is not mounted.
 * - `replaced`: its path names another file.
 * - `unreachable`: its path cannot be read.
 */
export type Whereabouts = "in-place" | "deleted" | "moved" | "replaced" | "unreachable";

/** A file that stays open as long as it is compared: its inode number is not given to another file meanwhile. */
export interface OpenedFile {
  /** The facts of the file after it was opened. */
  readonly facts: FileFacts;
  /** A descriptor of the file; undefined if only other code has one. Whether it was deleted is unknown then. */
  readonly descriptor?: number | undefined;
}

/** The state of a file that `path` named when it was opened. Costs 2 µs if it is in its place. */
export function whereaboutsOf(path: string, opened: OpenedFile, files: FileSystem = systemFiles): Whereabouts {
  let found: FileFacts | undefined;
  try {
    found = files.at(path);
  } catch {
    return "unreachable";
  }
  if (found === undefined) return linksOf(opened, files) === 0n ? "deleted" : "moved";
  if (!isSameFile(found, opened.facts)) return "replaced";
  // The mount point of a folder that was deleted where it comes from still names the folder.
  return found.links === 0n ? "deleted" : "in-place";
}

function linksOf({ facts, descriptor }: OpenedFile, files: FileSystem): bigint {
  return descriptor === undefined ? facts.links : files.of(descriptor).links;
}

export function isSameFile(one: FileFacts, other: FileFacts): boolean {
  return one.inode === other.inode && one.device === other.device;
}
