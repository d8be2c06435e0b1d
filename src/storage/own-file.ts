import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../lib/error-code.ts";

/** A data folder, or a file in one, that this process must not use: it may lead a write to a file of another user. */
export class ForeignFile extends Error {
  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.name = "ForeignFile";
  }
}

/** Readable and writable by the owner only. */
const mode = 0o600;
/** Without O_NONBLOCK, the open of a named pipe waits for its other end. Windows has neither flag. */
const safely = constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** The errors of an open that meets a symbolic link, a folder, a pipe or a socket. */
const unusable: readonly unknown[] = ["ELOOP", "EISDIR", "ENXIO"];

/**
 * Opens a file of a data folder by a path whose last name is no link. All files of the folder are opened by this module.
 *
 * The file is a regular file of this process' user, of root or of the folder's owner; otherwise `ForeignFile` is thrown.
 * `flags` are those of open(2), without O_CREAT and O_TRUNC, which would act before the file is checked.
 */
export function openOwnFile(path: string, flags: number): number {
  const descriptor = openUnfollowed(path, flags);
  try {
    refuseForeign(path, fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Creates a file with mode 0600 and the folder's owner, and opens it. Throws EEXIST if the path names anything. */
export function createOwnFile(path: string, flags: number = constants.O_RDWR): number {
  const descriptor = openSync(path, flags | constants.O_CREAT | constants.O_EXCL | safely, mode);
  try {
    if (isRoot()) giveTo(descriptor, statSync(dirname(path)));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** As `openOwnFile`; a file that does not exist is created. */
export function openOrCreateOwnFile(path: string, flags: number): number {
  try {
    return createOwnFile(path, flags);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return openOwnFile(path, flags);
  }
}

/** The content; undefined if the file does not exist. Throws `ForeignFile` or the system's error. */
export function readOwnFile(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openOwnFile(path, constants.O_RDONLY);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Throws `ForeignFile` if the path names a link, or what is no regular file. For files that only SQLite opens. */
export function refuseLink(path: string): void {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts !== undefined && !facts.isFile()) throw noFile(path);
}

/** Gives a file that root has created to the owner of `model`, so that the server can use it under its own user. */
export function giveToOwner(path: string, model: string): void {
  if (!isRoot()) return;
  const descriptor = openOwnFile(path, constants.O_RDONLY);
  try {
    giveTo(descriptor, statSync(model));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Throws `ForeignFile` if this process runs as root and the folder belongs to another user, who could replace the files
 * that SQLite opens by their paths.
 */
export function refuseForeignFolder(path: string, role = "The data folder"): void {
  const { uid } = statSync(path);
  if (!isRoot() || uid === 0) return;
  const problem = `belongs to user ${uid}, and this process runs as root. Run it as that user, as with sudo -u.`;
  throw new ForeignFile(`${role} ${path}`, problem);
}

function openUnfollowed(path: string, flags: number): number {
  try {
    return openSync(path, flags | safely);
  } catch (error) {
    if (unusable.includes(errorCode(error))) throw noFile(path);
    throw error;
  }
}

function refuseForeign(path: string, facts: Stats): void {
  if (!facts.isFile()) throw noFile(path);
  const { uid, nlink } = facts;
  const own = process.geteuid?.();
  // Windows has no user numbers.
  if (own === undefined) return;
  const folder = statSync(dirname(path));
  if (![own, 0, folder.uid].includes(uid)) {
    throw new ForeignFile(path, `belongs to user ${uid}. Give it to the user of the server with chown.`);
  }
  // In another user's folder, the second name may be the one that matters.
  if (own !== folder.uid && nlink > 1)
    throw new ForeignFile(path, "has another name, too. Copy the file in its place.");
}

function noFile(path: string): ForeignFile {
  return new ForeignFile(path, "is a link or no regular file. Put the file itself there: links are not followed.");
}

function giveTo(descriptor: number, { uid, gid }: Pick<Stats, "uid" | "gid">): void {
  fchownSync(descriptor, uid, gid);
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
