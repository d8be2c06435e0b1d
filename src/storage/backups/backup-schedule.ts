import { basename } from "node:path";
import { backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { BackupFigures, BackupMetrics } from "../../ops/metrics/backup-metrics.ts";
import { type ContentFault, describeFault } from "../folder-content.ts";
import type { CommandEnding } from "./backup-command.ts";
import { BackupGivenUp, describeBackupError, NotEnoughSpace } from "./backup-errors.ts";
import type { BackupFolder } from "./backup-folder.ts";

/** The outcome of a copy. */
export interface MadeBackup {
  readonly documents: number;
  readonly bytes: number;
  /** The number of damaged updates. If there are any, the copy has the path `damagedTarget`. */
  readonly damaged: number;
}

export interface BackupScheduleOptions {
  readonly everyMs: number;
  /** The number of backups that are kept. */
  readonly keep: number;
  readonly folder: BackupFolder;
  /** The size of the database: no copy is larger. Throws if the database is not at its path. */
  readonly databaseBytes: () => number;
  /** Why the path of the database names another file, or none; undefined if it names the one in use. */
  readonly findFault: () => ContentFault | undefined;
  /** Copies and verifies the database. Rejects and leaves no copy if it fails, or soon after the signal aborts. */
  readonly backUp: (paths: ReturnType<BackupFolder["pathsAt"]>, signal: AbortSignal) => Promise<MadeBackup>;
  /** Hands a complete backup over to another program. Never rejects. */
  readonly runCommand: ((file: string, signal: AbortSignal) => Promise<CommandEnding>) | undefined;
  readonly metrics: (figures: () => BackupFigures) => BackupMetrics;
  readonly clock: Clock;
  /** Milliseconds that have passed, however the clock is set. */
  readonly elapsedMs: () => number;
  readonly log: Log;
}

/** Is told how a backup has ended. */
interface BackupListener {
  readonly made: (backup: FinishedBackup) => void;
  readonly failed: (error: unknown) => void;
}

/** A backup that was made. */
export interface FinishedBackup extends MadeBackup {
  /** The path of the copy. */
  readonly file: string;
  /** Epoch milliseconds. */
  readonly begunAt: number;
  readonly durationMs: number;
}

/** Another backup, or the command after it, is in progress. */
export class BackupInProgress extends Error {
  constructor() {
    super("another backup is in progress");
    this.name = "BackupInProgress";
  }
}

/** The first clients of a server that starts come first. */
const firstCheckMs = 1_000;
/** The clock may be set, or the machine sleep: the schedule is compared with it this often. */
const checkMs = 60_000;
/** A latest backup that is further in the future comes from a clock that was ahead. */
const toleranceMs = 60_000;
const firstRetryMs = 60_000;
const longestRetryMs = 3_600_000;
/** Space that a backup leaves to the server, whose log and journal grow beside it. */
const spareBytes = 64 * 1024 * 1024;

/**
 * Makes a backup when the latest one is older than the interval, one at a time. A backup that was due while the server
 * did not run is made after the start.
 *
 * The interval has passed when either the clock or the time that this process has run says so. A failed backup is tried
 * again after a minute, later after up to an hour.
 */
export class BackupSchedule {
  readonly #options: BackupScheduleOptions;
  readonly #metrics: BackupMetrics;
  /** The time in the name of the latest backup, damaged or not. */
  #lastAt: number | undefined;
  #lastSuccessAt: number | undefined;
  #lastFailureAt: number | undefined;
  #last: { readonly durationMs: number; readonly bytes: number } | undefined;
  /** The elapsed time when the latest backup began. */
  #lastElapsedMs: number | undefined;
  #failures = 0;
  #retryElapsedMs = Number.NEGATIVE_INFINITY;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #isBusy = false;
  #cancel: () => void;

  constructor(options: BackupScheduleOptions) {
    this.#options = options;
    this.#metrics = options.metrics(() => this.figures);
    this.#readFolder();
    this.#cancel = options.clock.after(firstCheckMs, () => this.#check());
  }

  get figures(): BackupFigures {
    return {
      lastSuccessAt: this.#lastSuccessAt,
      lastFailureAt: this.#lastFailureAt,
      lastDurationMs: this.#last?.durationMs,
      lastBytes: this.#last?.bytes,
    };
  }

  /**
   * Makes a backup now, which counts as one of the schedule. Resolves when it is made, before the command that hands it
   * over. Rejects with `BackupInProgress`, with the reason of a backup that failed, which is in the log and tried again,
   * and with `BackupGivenUp` when the schedule is closed.
   */
  makeNow(): Promise<FinishedBackup> {
    if (this.#isBusy) return Promise.reject(new BackupInProgress());
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason);
    const { promise, reject, resolve } = Promise.withResolvers<FinishedBackup>();
    this.#running = this.#run({ made: resolve, failed: reject });
    return promise;
  }

  /** Ends the schedule. A backup or a command in progress is given up. Resolves soon after. */
  async close(): Promise<void> {
    this.#closing.abort(new BackupGivenUp());
    this.#cancel();
    await this.#running;
  }

  /** A folder that cannot be read is reported by the first backup. */
  #readFolder(): void {
    try {
      const backups = this.#options.folder.list();
      this.#lastAt = backups[0]?.at;
      this.#lastSuccessAt = backups.find(({ isDamaged }) => !isDamaged)?.at;
      const { clock, elapsedMs } = this.#options;
      if (this.#lastAt !== undefined) this.#lastElapsedMs = elapsedMs() - (clock.now() - this.#lastAt);
    } catch {}
  }

  #check(): void {
    if (this.#isDue && !this.#isBusy) this.#running = this.#run().then(() => this.#schedule());
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#closing.signal.aborted) return;
    this.#cancel = this.#options.clock.after(Math.min(checkMs, this.#options.everyMs), () => this.#check());
  }

  get #isDue(): boolean {
    const { clock, elapsedMs, everyMs } = this.#options;
    const elapsed = elapsedMs();
    if (elapsed < this.#retryElapsedMs) return false;
    if (this.#failures > 0 || this.#lastAt === undefined) return true;
    const sinceLast = clock.now() - this.#lastAt;
    const hasElapsed = this.#lastElapsedMs !== undefined && elapsed - this.#lastElapsedMs >= everyMs;
    return hasElapsed || sinceLast >= everyMs || sinceLast < -toleranceMs;
  }

  /** Makes a backup, tells `listener`, and runs the command. Never rejects. */
  async #run(listener?: BackupListener): Promise<void> {
    this.#isBusy = true;
    try {
      const made = await this.#make();
      listener?.made(made);
      await this.#prune(made.file);
      if (made.damaged === 0) await this.#runCommand(made.file);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#failed(error);
      listener?.failed(error);
    } finally {
      this.#isBusy = false;
    }
  }

  async #make(): Promise<FinishedBackup> {
    const { clock, elapsedMs } = this.#options;
    const [begunAt, begun] = [clock.now(), elapsedMs()];
    const { file, made } = await this.#backUp(begunAt);
    const durationMs = Math.round(elapsedMs() - begun);
    this.#failures = 0;
    this.#lastAt = begunAt;
    this.#lastElapsedMs = begun;
    this.#last = { durationMs, bytes: made.bytes };
    this.#report(file, made, durationMs);
    return { ...made, file, begunAt, durationMs };
  }

  async #backUp(begunAt: number): Promise<{ readonly file: string; readonly made: MadeBackup }> {
    const { backUp, databaseBytes, findFault, folder } = this.#options;
    const fault = findFault();
    if (fault !== undefined) throw new Error(`${describeFault(fault)}.`);
    // It throws before the folder is created, which may be in a data folder whose volume is not mounted.
    const bytes = databaseBytes();
    await folder.prepare();
    const free = folder.freeBytes();
    if (free !== undefined && free < bytes + spareBytes)
      throw new NotEnoughSpace({ folder: folder.path, free, needed: bytes + spareBytes });
    const paths = folder.pathsAt(begunAt);
    const made = await backUp(paths, this.#closing.signal);
    return { file: made.damaged === 0 ? paths.target : paths.damagedTarget, made };
  }

  #report(file: string, { documents, bytes, damaged }: MadeBackup, durationMs: number): void {
    const { log } = this.#options;
    const facts = { file, documents, bytes, durationMs };
    if (damaged === 0) {
      this.#lastSuccessAt = this.#lastAt;
      this.#metrics.backups.inc({ outcome: "done" });
      log.info({ event: "backup-made", ...facts });
      return;
    }
    this.#lastFailureAt = this.#lastAt;
    this.#metrics.backups.inc({ outcome: "damaged" });
    const remedy = "The data folder also holds them. Keep earlier backups; yurt backup --verify names the documents.";
    log.error({ event: "backup-damaged", ...facts, damagedUpdates: damaged, remedy });
  }

  /** A backup that cannot be deleted now is deleted after a later one. */
  async #prune(file: string): Promise<void> {
    const { everyMs, folder, keep, log } = this.#options;
    try {
      const deleted = await folder.prune(basename(file), { everyMs, keep });
      if (deleted > 0) log.info({ event: "backups-deleted", count: deleted, folder: folder.path });
    } catch (error) {
      log.error({ event: "backup-prune-failed", err: error });
    }
  }

  async #runCommand(file: string): Promise<void> {
    const { log, runCommand } = this.#options;
    if (runCommand === undefined) return;
    const ending = await runCommand(file, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    this.#metrics.commands.inc({ outcome: ending.outcome });
    if (ending.outcome === "done") log.info({ event: "backup-command-done", file });
    else log.error({ event: "backup-command-failed", file, ...ending });
  }

  #failed(error: unknown): void {
    const { clock, elapsedMs, everyMs, log } = this.#options;
    this.#failures += 1;
    this.#lastFailureAt = clock.now();
    this.#metrics.backups.inc({ outcome: "failed" });
    const retryMs = backoffMs(this.#failures, { firstMs: firstRetryMs, maxMs: Math.min(everyMs, longestRetryMs) });
    this.#retryElapsedMs = elapsedMs() + retryMs;
    log.error({ event: "backup-failed", ...describeBackupError(error, this.#options.folder.path), retryMs });
  }
}
