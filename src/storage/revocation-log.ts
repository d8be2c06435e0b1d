import { constants, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { Revocation, RevocationLog } from "../auth/revocation.ts";
import { errorCode } from "../lib/error-code.ts";
import type { Clock } from "../lib/time/clock.ts";
import { giveToOwner, syncFolder } from "./data-folder.ts";
import { replaceFile } from "./replace-file.ts";

const fileName = "revocations.jsonl";
const lineFeed = 0x0a;
const utf8 = new TextDecoder("utf-8", { fatal: true });

const revocationLine: v.GenericSchema<unknown, Revocation> = v.pipe(
  v.object({
    user: v.optional(v.string()),
    room: v.optional(v.string()),
    tokenId: v.optional(v.string()),
    revokedAt: v.pipe(v.number(), v.finite()),
    until: v.pipe(v.number(), v.finite()),
  }),
  v.check(({ user, room, tokenId }) => user !== undefined || room !== undefined || tokenId !== undefined),
);

/** The file of revocations is damaged. The server must not start without it, as it would accept revoked tokens. */
export class RevocationsUnreadable extends Error {
  constructor(path: string, line: number) {
    super(`Line ${line} of ${path} is not a revocation.`);
    this.name = "RevocationsUnreadable";
  }
}

/**
 * The revocation log as a file of the data folder, with one JSON object per line. It is created by the first
 * revocation.
 *
 * One process uses it at a time. Opening removes revocations that are no longer in force, and an incomplete last line,
 * whose append was never confirmed.
 */
export class RevocationFile implements RevocationLog {
  readonly #path: string;
  readonly #revocations: readonly Revocation[];
  /** The length of the lines that are on disk. */
  #bytes: number;
  #handle: FileHandle | undefined;
  #last: Promise<void> = Promise.resolve();

  /** Throws `RevocationsUnreadable`, or the system's error. */
  constructor(folder: string, clock: Clock) {
    this.#path = join(folder, fileName);
    const content = readIfPresent(this.#path);
    const now = clock.now();
    this.#revocations = linesIn(content)
      .map((line, index) => {
        const revocation = parse(line);
        if (revocation === undefined) throw new RevocationsUnreadable(this.#path, index + 1);
        return revocation;
      })
      .filter(({ until }) => now < until);
    const kept = Buffer.concat(this.#revocations.map(lineOf));
    if (!content.equals(kept)) replaceFile(this.#path, kept);
    this.#bytes = kept.byteLength;
  }

  load(): readonly Revocation[] {
    return this.#revocations;
  }

  append(revocation: Revocation): Promise<void> {
    const appended = this.#last.then(() => this.#append(lineOf(revocation)));
    this.#last = appended.catch(() => {});
    return appended;
  }

  /** Closes the file after all appends. No append may follow. */
  async close(): Promise<void> {
    await this.#last;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #append(line: Buffer): Promise<void> {
    this.#handle ??= await this.#open();
    try {
      await writeAt(this.#handle, line, this.#bytes);
      await this.#handle.sync();
      this.#bytes += line.byteLength;
    } catch (error) {
      const failed = this.#handle;
      this.#handle = undefined;
      await failed.close();
      throw error;
    }
  }

  /** Opens the file, and truncates the remains of a failed append: how much of it is on disk is unknown. */
  async #open(): Promise<FileHandle> {
    const handle = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      await handle.truncate(this.#bytes);
      giveToOwner(this.#path, dirname(this.#path));
      syncFolder(dirname(this.#path));
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

function readIfPresent(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** The complete lines, without their line feeds. */
function linesIn(content: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = content.indexOf(lineFeed); end !== -1; end = content.indexOf(lineFeed, start)) {
    lines.push(content.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

function parse(line: Buffer): Revocation | undefined {
  try {
    return v.parse(revocationLine, JSON.parse(utf8.decode(line)));
  } catch {
    return undefined;
  }
}

function lineOf(revocation: Revocation): Buffer {
  return Buffer.from(`${JSON.stringify(revocation)}\n`);
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const rest = bytes.subarray(written);
    written += (await handle.write(rest, 0, rest.byteLength, position + written)).bytesWritten;
  }
}
