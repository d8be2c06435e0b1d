import { closeSync, fstatSync, readSync } from "node:fs";
import { SourceError } from "../../source.ts";
import { openRegularFile } from "../regular-file.ts";
import { Damage } from "./byte-reader.ts";
import type { RandomAccess } from "./table.ts";

/** The greatest file that is read into memory as a whole. LevelDB starts a new one after some megabytes. */
const maxFileBytes = 2 ** 28;

/** Runs `task`, and translates damage of `file` and errors of reading it into `SourceError`. */
export function translateFileErrors<Result>(file: string, task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    throw toSourceError(file, error);
  }
}

function toSourceError(file: string, error: unknown): unknown {
  if (error instanceof Damage) return new SourceError(`${file} is damaged: ${error.message}.`, { cause: error });
  if (!(error instanceof Error && "code" in error)) return error;
  if (error.code !== "ENOENT") return new SourceError(`${file} cannot be read: ${error.message}.`, { cause: error });
  const remedy = "If a server is using the folder, stop it first; if this is a copy, copy the whole folder.";
  return new SourceError(`${file} is missing. ${remedy}`, { cause: error });
}

/** Reads a whole file. Throws `SourceError`. */
export function readWhole(file: string): Uint8Array {
  const [whole = new Uint8Array()] = iterateFile(file, ({ byteLength, read }) => {
    if (byteLength <= maxFileBytes) return [read(0, byteLength)];
    throw new SourceError(`${file} is larger than LevelDB makes it: ${byteLength} bytes.`);
  });
  return whole;
}

/** Opens `file` for the iteration of `read`. Throws `SourceError`. */
export function* iterateFile<Item>(file: string, read: (access: RandomAccess) => Iterable<Item>): Generator<Item> {
  const descriptor = translateFileErrors(file, () => openRegularFile(file));
  try {
    const { size: byteLength } = fstatSync(descriptor);
    const access = { byteLength, read: (offset: number, length: number) => readAt(descriptor, offset, length) };
    yield* read(access);
  } catch (error) {
    throw toSourceError(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function readAt(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (count === 0) throw new Damage("it has become shorter");
    filled += count;
  }
  return bytes;
}
