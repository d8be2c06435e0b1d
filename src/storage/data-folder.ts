import { SQLiteError } from "bun:sqlite";
import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lockFile } from "./file-lock.ts";

/** A data folder that this process has locked. */
export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** True if no server has used the folder before. */
  readonly isNew: boolean;
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
 * Throws `DataFolderLocked`, or the system's error if `path` is not a writable folder.
 */
export function openDataFolder(path: string): DataFolder {
  createDataFolder(path);
  return openExistingDataFolder(path);
}

/** As `openDataFolder`, but throws the system's ENOENT if the folder does not exist. */
export function openExistingDataFolder(path: string): DataFolder {
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  const folder = realpathSync(path);
  const lockPath = join(folder, "lock");
  const pidFile = join(folder, "pid");
  const isNew = !existsSync(lockPath);
  const unlock = acquireLock(lockPath);
  if (unlock === undefined) throw new DataFolderLocked(folder, readPid(pidFile));
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    unlock();
    throw error;
  }
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    process.off("exit", release);
    rmSync(pidFile, { force: true });
    unlock();
  };
  // The listener also keeps a reference, so that the garbage collector never closes the lock of a folder in use.
  process.once("exit", release);
  return { path: folder, isNew, release };
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

/** Gives a file that root has created to the owner of `model`, so that the server can use it under its own user. */
export function giveToOwner(path: string, model: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(model);
  chownSync(path, uid, gid);
}

/** Returns the function that releases the lock; undefined if a process holds it already. */
function acquireLock(file: string): (() => void) | undefined {
  try {
    return lockFile(file, 0);
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
}

/** The lock holder's process id; undefined if the holder has not written it yet. */
function readPid(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
