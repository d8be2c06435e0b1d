import { Database, SQLiteError } from "bun:sqlite";
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

/** A folder that one server has to itself. */
export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Whether no server has ever used it. */
  readonly isNew: boolean;
  /** Lets the next server in; everything in the folder must be closed. Idempotent. */
  release(): void;
}

/** Another server uses the folder. */
export class DataFolderLocked extends Error {
  constructor(path: string, holder: string | undefined) {
    super(`The data folder ${path} is in use by ${holder === undefined ? "another server" : `process ${holder}`}.`);
    this.name = "DataFolderLocked";
  }
}

/**
 * Creates the folder, with mode 0700, if it is not there, and locks it until `release` or the end of the process.
 *
 * Throws `DataFolderLocked`, or the system's error when `path` is not a folder that can be written.
 */
export function openDataFolder(path: string): DataFolder {
  createDataFolder(path);
  return openExistingDataFolder(path);
}

/** As `openDataFolder`, but throws the system's ENOENT when the folder is not there. */
export function openExistingDataFolder(path: string): DataFolder {
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  const folder = realpathSync(path);
  const lockFile = join(folder, "lock");
  const pidFile = join(folder, "pid");
  const isNew = !existsSync(lockFile);
  const lock = acquire(lockFile);
  if (lock === undefined) throw new DataFolderLocked(folder, readPid(pidFile));
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    lock.close(true);
    throw error;
  }
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    process.off("exit", release);
    rmSync(pidFile, { force: true });
    lock.close(true);
  };
  // Also keeps the garbage collector from closing the lock of a caller that lets go of its folder.
  process.once("exit", release);
  return { path: folder, isNew, release };
}

/** Creates the folder, with mode 0700, if it is not there. */
export function createDataFolder(folder: string): void {
  const path = resolve(folder);
  const firstCreated = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (firstCreated === undefined) return;
  // A new folder is in its parent's data: without this a power cut takes the folder with all that was synced in it.
  for (let created = path; created.length >= firstCreated.length; created = dirname(created)) {
    syncFolder(dirname(created));
  }
}

/** Makes what was created, renamed or removed in the folder survive a power cut. */
export function syncFolder(path: string): void {
  // Windows cannot, and keeps its folders in a journal.
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Root may write what the server, who is someone else, must be able to use: its owner becomes that of `model`. */
export function giveToOwner(path: string, model: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(model);
  chownSync(path, uid, gid);
}

/**
 * The lock is SQLite's own on a database that stays empty, because there is no other call for one: the kernel drops it
 * when the process dies, and SQLite keeps it between two connections of one process, by inode. The kernel also drops it
 * when this process closes any other descriptor of the file, so nothing else may open the file, not even to read it.
 */
function acquire(file: string): Database | undefined {
  const database = new Database(file, { create: true, readwrite: true });
  try {
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close(true);
    if (error instanceof SQLiteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
}

/** Undefined in the moment in which the holder has not written it yet. */
function readPid(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
