import { readdirSync, statfsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errorCode } from "../../lib/error-code.ts";
import { createDataFolder } from "../data-folder.ts";
import { refuseForeignFolder } from "../own-file.ts";

/** A backup that a server has made by its schedule. */
export interface BackupFile {
  readonly name: string;
  /** The time in its name, in epoch milliseconds. */
  readonly at: number;
  /** It holds damaged updates, as the database did. */
  readonly isDamaged: boolean;
}

/** The backups that a folder keeps: their number, and the interval between two of the schedule. */
export interface Kept {
  readonly keep: number;
  readonly everyMs: number;
}

/** The names of a server's own backups, with the time in UTC. `yurt-2026-03-01.db`, written by a person, does not match. */
const ownName = /^yurt-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z)(\.damaged)?\.db$/;
/** The files that an interrupted backup leaves, with those that SQLite keeps beside them. */
const partialName = /^yurt-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z(\.damaged)?\.db\.partial-\d+(-journal)?$/;

/** The folder in which one server keeps its backups. Files of other names are never touched. */
export class BackupFolder {
  /** Absolute. */
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /**
   * Creates the folder with mode 0700 if it does not exist, and removes what an interrupted backup has left. No backup
   * may be in progress. Rejects with the system's error, and with `ForeignFile` for root in another user's folder.
   */
  async prepare(): Promise<void> {
    createDataFolder(this.path);
    refuseForeignFolder(this.path, "The folder of the backups");
    for (const name of readdirSync(this.path)) if (partialName.test(name)) await this.#remove(name);
  }

  /** The backups in the order of their times, the newest first; none if the folder does not exist. */
  list(): readonly BackupFile[] {
    return this.#names()
      .flatMap((name) => backupNamed(name) ?? [])
      .sort((one, other) => other.at - one.at);
  }

  /** The paths of a backup that begins now: with damaged updates it gets the second name. Neither exists. */
  pathsAt(atMs: number): { readonly target: string; readonly damagedTarget: string } {
    const taken = new Set(this.list().map(({ at }) => at));
    let at = Math.floor(atMs / 1_000) * 1_000;
    // After the clock was set back, a backup of this second may exist.
    while (taken.has(at)) at += 1_000;
    const stem = join(
      this.path,
      `yurt-${new Date(at)
        .toISOString()
        .replace(/\.\d+Z$/, "Z")
        .replaceAll(":", "-")}`,
    );
    return { target: `${stem}.db`, damagedTarget: `${stem}.damaged.db` };
  }

  /**
   * Deletes backups until `keep` are left, of those with damaged updates or of the others: neither displaces the other.
   * Those are deleted first that were made less than half an interval after the one before, and then the oldest, so that
   * many backups that are asked for in a short time do not displace those of many days.
   *
   * `latest` is the name of the latest backup, which is kept. One with a later time comes from a clock that was ahead, and
   * counts as older than all others. Resolves with the number of deleted backups. Rejects with the system's error.
   */
  async prune(latest: string, { everyMs, keep }: Kept): Promise<number> {
    const all = this.list();
    const made = all.find(({ name }) => name === latest);
    if (made === undefined) return 0;
    const others = all.filter(({ isDamaged }) => isDamaged === made.isDamaged);
    const byAge = [...others.filter(({ at }) => at <= made.at), ...others.filter(({ at }) => at > made.at)];
    const pruned: BackupFile[] = [];
    while (byAge.length > keep) pruned.push(...byAge.splice(dispensableIn(byAge, everyMs / 2), 1));
    for (const { name } of pruned) await this.#remove(name);
    return pruned.length;
  }

  /** The bytes that this process may still write to the folder's disk; undefined where the system does not tell. */
  freeBytes(): number | undefined {
    try {
      const { bavail, bsize } = statfsSync(this.path);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.path);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return [];
      throw error;
    }
  }

  /** Off the event loop: to delete a file of 200 MB takes the system 100 ms. */
  #remove(name: string): Promise<void> {
    return rm(join(this.path, name), { force: true });
  }
}

/** The place of the backup to delete first. The newest one comes first, and is never deleted. */
function dispensableIn(byAge: readonly BackupFile[], closeMs: number): number {
  const close = byAge.findIndex(({ at }, index) => {
    const sinceFormer = at - (byAge[index + 1]?.at ?? Number.NEGATIVE_INFINITY);
    return index > 0 && sinceFormer >= 0 && sinceFormer < closeMs;
  });
  return close === -1 ? byAge.length - 1 : close;
}

function backupNamed(name: string): BackupFile | undefined {
  const [, stamp, damaged] = ownName.exec(name) ?? [];
  if (stamp === undefined) return undefined;
  const at = Date.parse(stamp.replace(/T(\d{2})-(\d{2})-/, "T$1:$2:"));
  return Number.isNaN(at) ? undefined : { name, at, isDamaged: damaged !== undefined };
}
