import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../lib/error-code.ts";
import type { Output } from "../command.ts";
import { print } from "../output/print.ts";

/** Where an export is written. */
export interface ExportTarget {
  write(line: string): Promise<void>;
  /** Resolves when everything is on disk. */
  finish(): Promise<void>;
  /** Removes what was written, as far as that is possible. */
  discard(): void;
}

/** Opens a new file, or standard output if there is no path. Throws an error whose message is for people. */
export function openTarget(path: string | undefined, stdout: Output): ExportTarget {
  if (path === undefined) return { write: (line) => print(stdout, line), finish: async () => {}, discard: () => {} };
  const descriptor = created(path);
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  return {
    write: async (line) => explained(path, () => writeWhole(descriptor, Buffer.from(line))),
    finish: async () => {
      explained(path, () => fsyncSync(descriptor));
      close();
    },
    discard: () => {
      close();
      rmSync(path, { force: true });
    },
  };
}

/** Readable by its owner only: it has the content of documents. */
function created(path: string): number {
  return explained(path, () => openSync(path, "wx", 0o600));
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(descriptor, bytes, written);
}

function explained<Result>(path: string, task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    throw new Error(describe(path, errorCode(error), error), { cause: error });
  }
}

function describe(path: string, code: unknown, error: unknown): string {
  switch (code) {
    case "EEXIST":
    case "EISDIR":
      return `${path} already exists. Choose another file name.`;
    case "ENOENT":
    case "ENOTDIR":
      return `There is no folder ${dirname(path)}. Create it, or choose another file name.`;
    case "ENOSPC":
      return `The disk of ${dirname(path)} is full. Choose another one.`;
    default:
      return `${path} cannot be written: ${error instanceof Error ? error.message : error}. Choose another file name.`;
  }
}
