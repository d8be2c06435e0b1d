import { chmodSync, closeSync, constants, fchmodSync } from "node:fs";
import { errorCode } from "../../lib/error-code.ts";
import { type FileFacts, isSameFile, systemFiles, type Whereabouts, whereaboutsOf } from "../file-identity.ts";
import type { ContentFault } from "../folder-content.ts";
import { ForeignFile, openOrCreateOwnFile, openOwnFile } from "../own-file.ts";
import { StoreError } from "../store.ts";

/** Readable and writable by the owner only. SQLite gives its files beside the database the same mode. */
const mode = 0o600;

/** The suffixes of the files that SQLite keeps open beside a database in WAL mode. */
const companions = ["-wal", "-shm"] as const;

/**
 * The files of an open database: whether their paths still name what SQLite has open.
 *
 * A descriptor of the database and one of its `-wal` are held, beside SQLite's own. The kernel releases SQLite's locks
 * when the first of them is closed, so `close` may be called only after the connections of this process are closed.
 */
export class OpenFiles {
  readonly #file: string;
  readonly #database: number;
  #facts: FileFacts;
  /** The files beside the database, by path. SQLite keeps them open, so that no other file gets their inodes. */
  readonly #companions = new Map<string, FileFacts>();
  #wal: number | undefined;

  /**
   * Opens the database file before SQLite does, and creates an empty one with mode 0600 if there is none. Takes the
   * permissions of other users from a file that exists. Throws `ForeignFile` or `StoreError` (unavailable).
   */
  constructor(file: string) {
    this.#file = file;
    try {
      this.#database = openOrCreateOwnFile(file, constants.O_RDONLY);
    } catch (error) {
      if (error instanceof ForeignFile) throw error;
      throw new StoreError("unavailable", `The file ${file} cannot be opened (${errorCode(error)}).`, { cause: error });
    }
    this.#facts = systemFiles.of(this.#database);
    makePrivate(() => fchmodSync(this.#database, mode));
    // A descriptor of its own would drop SQLite's locks when it is closed.
    for (const suffix of companions) makePrivate(() => chmodSync(file + suffix, mode));
  }

  /** Remembers the files that SQLite has opened by now. Throws `StoreError` (unavailable) if a path names another. */
  remember(): void {
    // On an overlay file system, as in a container, a file gets a new identity when it is first opened for writing.
    this.#facts = systemFiles.of(this.#database);
    for (const suffix of companions) {
      const facts = systemFiles.at(this.#file + suffix);
      if (facts !== undefined) this.#companions.set(this.#file + suffix, facts);
    }
    this.#wal = openOwnFile(`${this.#file}-wal`, constants.O_RDONLY);
    if (this.findFault() !== undefined) throw new StoreError("unavailable", `${this.#file} was replaced meanwhile.`);
  }

  /** The identity of the database file, for connections that are opened later by its path. */
  get identity(): FileFacts {
    return this.#facts;
  }

  /** The descriptor of the `-wal`. SQLite does not lock that file. */
  get wal(): number {
    if (this.#wal === undefined) throw new StoreError("unavailable", "The write-ahead log is not open.");
    return this.#wal;
  }

  /** As `FolderContent.findFault`. */
  findFault(): ContentFault | undefined {
    return this.findStorageFault() ?? this.#findCompanion("-shm");
  }

  /** As `findFault`, for the database and its log alone, which hold the content: with every sync. */
  findStorageFault(): ContentFault | undefined {
    const state = this.#findDatabase();
    return state === "in-place" ? this.#findCompanion("-wal") : { path: this.#file, state };
  }

  #findCompanion(suffix: (typeof companions)[number]): ContentFault | undefined {
    const path = this.#file + suffix;
    const facts = this.#companions.get(path);
    const state = facts === undefined ? "in-place" : whereaboutsOf(path, { facts });
    if (state === "in-place") return undefined;
    if (state === "moved") return { path, state: "deleted" };
    return { path, state: state === "replaced" && this.isReplaceable(path) ? "deleted" : state };
  }

  /** Whether the path of the database names it, whatever has become of the files beside it. */
  get isDatabaseInPlace(): boolean {
    return this.#findDatabase() === "in-place";
  }

  /**
   * Whether the path of a file beside the database names nothing of worth: no file, an index, an empty log, or the file
   * that SQLite has open. A program that reads the database, such as a backup, creates the index and the log anew.
   */
  isReplaceable(path: string): boolean {
    if (path.endsWith("-shm")) return true;
    const facts = this.#companions.get(path);
    try {
      const found = systemFiles.at(path);
      return found === undefined || found.bytes === 0n || (facts !== undefined && isSameFile(found, facts));
    } catch {
      return false;
    }
  }

  #findDatabase(): Whereabouts {
    return whereaboutsOf(this.#file, { facts: this.#facts, descriptor: this.#database });
  }

  close(): void {
    closeSync(this.#database);
    if (this.#wal !== undefined) closeSync(this.#wal);
    this.#wal = undefined;
  }
}

/** Only the owner can change the mode, and some file systems have none: the file then stays as it is. */
function makePrivate(change: () => void): void {
  try {
    change();
  } catch {}
}
