import { SQLiteError } from "bun:sqlite";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errorCode } from "../lib/error-code.ts";
import { type FileFacts, systemFiles, type Whereabouts, whereaboutsOf } from "./file-identity.ts";
import { lockFile, testLock } from "./file-lock.ts";
import type { ContentFault, FolderContent } from "./folder-content.ts";
import { createOwnFile, readOwnFile, refuseForeignFolder, refuseLink } from "./own-file.ts";

/** A data folder that this process has locked. Its content is the folder itself with the lock. */
export interface DataFolder extends FolderContent {
  /** Absolute. The next start uses this path: a symbolic link in it may name another folder by then. */
  readonly path: string;
  /** True if no server has used the folder before. */
  readonly isNew: boolean;
  /** Tells commands on this machine at which URL the server that uses the folder answers. */
  announce(url: string): void;
  /** Releases the lock. All files of the folder must be closed before. Idempotent. */
  release(): void;
}

/** Another process has locked the folder. */
export class DataFolderLocked extends Error {
  constructor(path: string, holder: string | undefined) {
    super(`The data folder ${path} is in use by ${holder === undefined ? "another server" : `process ${holder}`}.`);
    this.name = "DataFolderLocked";
  }
}

/**
 * Creates the folder, with mode 0700, if it does not exist, and locks it until `release` or the end of the process.
 *
 * Throws `DataFolderLocked`, `ForeignFile`, or the system's error if `path` is not a writable folder.
 */
export function openDataFolder(path: string): DataFolder {
  createDataFolder(path);
  return openExistingDataFolder(path);
}

/** As `openDataFolder`, but throws the system's ENOENT if the folder does not exist. */
export function openExistingDataFolder(path: string): DataFolder {
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  refuseForeignFolder(path);
  return new LockedFolder(resolve(path));
}

/** The process that has locked a data folder. */
export interface FolderHolder {
  /** Undefined if it has not written its number yet. */
  readonly pid: number | undefined;
  /** The URL at which it answers on this machine; undefined if it is no server, or does not listen yet. */
  readonly url: string | undefined;
}

/**
 * Finds the process that uses a data folder; undefined if none does.
 *
 * It reads the lock as another program would: a server that starts in the same millisecond could not take it.
 */
export function findFolderHolder(path: string): FolderHolder | undefined {
  const lockPath = join(path, lockName);
  if (!existsSync(lockPath) || !isLocked(lockPath)) return undefined;
  const pid = Number(readLine(join(path, pidName)));
  return { pid: Number.isInteger(pid) && pid > 0 ? pid : undefined, url: readLine(join(path, urlName)) };
}

const lockName = "lock";
const pidName = "pid";
const urlName = "url";

/** A lock on the folder that a path named when it was locked. */
class LockedFolder implements DataFolder {
  readonly path: string;
  readonly isNew: boolean;
  /** Without symbolic links. */
  readonly #realPath: string;
  #held: HeldFolder;
  #isReleased = false;
  #url: string | undefined;
  /** The listener also keeps a reference, so that the garbage collector never closes the lock of a folder in use. */
  readonly #releaseAtExit = () => this.release();

  constructor(path: string) {
    this.path = path;
    this.#realPath = realpathSync(path);
    this.isNew = !existsSync(join(path, lockName));
    this.#held = holdFolder(this.#realPath);
    process.once("exit", this.#releaseAtExit);
  }

  findFault(): ContentFault | undefined {
    const state = this.#findFolder();
    if (state !== "in-place") return { path: this.path, state };
    const lockPath = join(this.path, lockName);
    const lockState = whereaboutsOf(lockPath, { facts: this.#held.lock });
    if (lockState === "in-place") return undefined;
    // The lock has no content: without its name it is as good as deleted.
    return { path: lockPath, state: lockState === "moved" ? "deleted" : lockState };
  }

  /** Creates the folder again if it does not exist, and locks it. Rejects with `DataFolderLocked` as well. */
  async restore(): Promise<void> {
    createDataFolder(this.#realPath);
    const former = this.#held;
    this.#held = holdFolder(this.#realPath);
    letGo(former);
    if (this.#url !== undefined) this.announce(this.#url);
  }

  announce(url: string): void {
    this.#url = url;
    writeLine(join(this.#realPath, urlName), url);
  }

  #findFolder(): Whereabouts {
    const { folder } = this.#held;
    if (folder === undefined) return "in-place";
    const state = whereaboutsOf(this.path, { facts: systemFiles.of(folder), descriptor: folder });
    if (state !== "replaced" || !isEmpty(this.path)) return state;
    // An empty folder in place of the deleted one can be used; a server that starts in it would lock it first. If the
    // former one exists, the empty one may be the mount point of its volume.
    return systemFiles.of(folder).links === 0n ? "deleted" : "moved";
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    process.off("exit", this.#releaseAtExit);
    // Another server may have created the folder again and use it.
    if (this.findFault() === undefined) removeFacts(this.path);
    letGo(this.#held);
  }
}

interface HeldFolder {
  /** The descriptor of the folder; undefined on Windows, which opens no folders and removes none that is in use. */
  readonly folder: number | undefined;
  /** The lock file. It stays open until `unlock`, so that no other file gets its inode. */
  readonly lock: FileFacts;
  unlock(): void;
}

/** Throws `DataFolderLocked` or the system's error. */
function holdFolder(path: string): HeldFolder {
  const lockPath = join(path, lockName);
  const pidFile = join(path, pidName);
  const unlock = acquireLock(lockPath);
  if (unlock === undefined) throw new DataFolderLocked(path, readLine(pidFile));
  try {
    // A process that was killed has left its own.
    removeFacts(path);
    writeLine(pidFile, String(process.pid));
    const lock = systemFiles.at(lockPath);
    if (lock === undefined) throw new DataFolderLocked(path, undefined);
    return { folder: process.platform === "win32" ? undefined : openSync(path, "r"), lock, unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

function letGo({ folder, unlock }: HeldFolder): void {
  unlock();
  if (folder !== undefined) closeSync(folder);
}

function isEmpty(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

/** Creates the folder, with mode 0700, if it does not exist. */
export function createDataFolder(folder: string): void {
  const path = resolve(folder);
  const firstCreated = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (firstCreated === undefined) return;
  // A new folder is an entry of its parent. Without a sync of the parent, a power loss loses the folder with all files
  // that were synced in it.
  for (let created = path; created.length >= firstCreated.length; created = dirname(created)) {
    syncFolder(dirname(created));
  }
}

/** Makes created, renamed and removed entries of the folder survive a power loss. */
export function syncFolder(path: string): void {
  // Windows cannot sync a folder, and journals changes of folders.
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Returns the function that releases the lock; undefined if a process holds it already. */
function acquireLock(file: string): (() => void) | undefined {
  try {
    createLock(file);
    refuseLink(file);
    return lockFile(file, 0);
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
}

/** Creates the file if it does not exist; others cannot lock it then. An existing one is not opened: see `lockFile`. */
function createLock(file: string): void {
  try {
    closeSync(createOwnFile(file));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** Removes what the lock's holder has written of itself. */
function removeFacts(path: string): void {
  for (const name of [pidName, urlName]) rmSync(join(path, name), { force: true });
}

function writeLine(file: string, line: string): void {
  rmSync(file, { force: true });
  const descriptor = createOwnFile(file);
  try {
    writeFileSync(descriptor, `${line}\n`);
  } finally {
    closeSync(descriptor);
  }
}

function isLocked(file: string): boolean {
  refuseLink(file);
  try {
    testLock(file);
    return false;
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return true;
    throw error;
  }
}

/** A line that the lock's holder has written of itself; undefined if it has not written it yet. */
function readLine(file: string): string | undefined {
  try {
    return readOwnFile(file)?.toString().trim() || undefined;
  } catch {
    return undefined;
  }
}
