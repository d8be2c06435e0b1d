import { closeSync, constants, fsync, ftruncateSync, write } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Revocation, RevocationLog } from "../auth/revocation.ts";
import type { Clock } from "../lib/time/clock.ts";
import { syncFolder } from "./data-folder.ts";
import { systemFiles, type Whereabouts, whereaboutsOf } from "./file-identity.ts";
import { type ContentFault, describeFault, type FolderContent } from "./folder-content.ts";
import { createOwnFile, openOwnFile, readOwnFile } from "./own-file.ts";
import { replaceFile } from "./replace-file.ts";
import { parseRevocation, revocationText } from "./revocation-text.ts";

const fileName = "revocations.jsonl";
const lineFeed = 0x0a;
const prunedRevocations = 1_000;
const utf8 = new TextDecoder("utf-8", { fatal: true });

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
export class RevocationFile implements RevocationLog, FolderContent {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #loaded: readonly Revocation[];
  /** The revocations whose lines are on disk, except those that had ended when the file was last written. */
  #kept: Revocation[];
  /** At more than this number, those that are not in force any more are dropped. */
  #prunedAt = prunedRevocations;
  /** The length of the lines that are on disk. */
  #bytes: number;
  /** Open as long as the log, so that no other file gets the inode; undefined while there is no file. */
  #descriptor: number | undefined;
  #hasFailed = false;
  #last: Promise<void> = Promise.resolve();

  /** Throws `RevocationsUnreadable`, or the system's error. */
  constructor(folder: string, clock: Clock) {
    this.#path = join(folder, fileName);
    this.#clock = clock;
    const content = readOwnFile(this.#path);
    const now = clock.now();
    this.#loaded = linesIn(content ?? Buffer.alloc(0))
      .map((line, index) => {
        const revocation = parse(line);
        if (revocation === undefined) throw new RevocationsUnreadable(this.#path, index + 1);
        return revocation;
      })
      .filter(({ until }) => now < until);
    this.#kept = [...this.#loaded];
    const kept = contentOf(this.#kept);
    if (content !== undefined && !content.equals(kept)) replaceFile(this.#path, kept);
    this.#bytes = kept.byteLength;
    if (content !== undefined) this.#descriptor = openOwnFile(this.#path, constants.O_RDWR);
  }

  load(): readonly Revocation[] {
    return this.#loaded;
  }

  append(revocation: Revocation): Promise<void> {
    return this.#afterEarlier(() => this.#append(revocation));
  }

  /** Closes the file after all appends. No append may follow. */
  async close(): Promise<void> {
    await this.#last;
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  findFault(): ContentFault | undefined {
    const state = this.#whereabouts();
    return state === "in-place" ? undefined : { path: this.#path, state };
  }

  restore(): Promise<void> {
    return this.#afterEarlier(async () => {
      if (this.#whereabouts() === "deleted") this.#writeOut();
    });
  }

  #whereabouts(): Whereabouts {
    const descriptor = this.#descriptor;
    if (descriptor !== undefined) return whereaboutsOf(this.#path, { facts: systemFiles.of(descriptor), descriptor });
    try {
      return systemFiles.at(this.#path) === undefined ? "in-place" : "replaced";
    } catch {
      return "unreachable";
    }
  }

  /** Runs one task at a time. */
  #afterEarlier(task: () => Promise<void>): Promise<void> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(revocation: Revocation): Promise<void> {
    if (this.#whereabouts() === "deleted") this.#writeOut();
    this.#refuseIfLost();
    const line = lineOf(revocation);
    const descriptor = this.#open();
    this.#hasFailed = true;
    await writeAt(descriptor, line, this.#bytes);
    await synced(descriptor);
    this.#refuseIfLost();
    this.#hasFailed = false;
    this.#bytes += line.byteLength;
    this.#kept.push(revocation);
    if (this.#kept.length > this.#prunedAt) this.#prune();
  }

  #refuseIfLost(): void {
    const fault = this.findFault();
    if (fault !== undefined) throw new Error(describeFault(fault));
  }

  /** Opens the file, and truncates the remains of a failed append: how much of it is on disk is unknown. */
  #open(): number {
    if (this.#descriptor === undefined) {
      this.#descriptor = createOwnFile(this.#path);
      syncFolder(dirname(this.#path));
    }
    if (this.#hasFailed) ftruncateSync(this.#descriptor, this.#bytes);
    return this.#descriptor;
  }

  #prune(): void {
    const now = this.#clock.now();
    this.#kept = this.#kept.filter(({ until }) => now < until);
    this.#prunedAt = Math.max(prunedRevocations, 2 * this.#kept.length);
  }

  /** Writes the file, which was deleted, again. */
  #writeOut(): void {
    this.#prune();
    const content = contentOf(this.#kept);
    replaceFile(this.#path, content);
    const former = this.#descriptor;
    this.#descriptor = openOwnFile(this.#path, constants.O_RDWR);
    this.#bytes = content.byteLength;
    this.#hasFailed = false;
    if (former !== undefined) closeSync(former);
  }
}

const synced = promisify(fsync);

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
    return parseRevocation(utf8.decode(line));
  } catch {
    return undefined;
  }
}

function lineOf(revocation: Revocation): Buffer {
  return Buffer.from(`${revocationText(revocation)}\n`);
}

function contentOf(revocations: readonly Revocation[]): Buffer {
  return Buffer.concat(revocations.map(lineOf));
}

const written = promisify(write);

async function writeAt(descriptor: number, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await written(descriptor, bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}
