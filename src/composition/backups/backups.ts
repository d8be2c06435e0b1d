import { statSync } from "node:fs";
import type { BackupNow } from "../../admin/overview/backup-routes.ts";
import { readEnvironment } from "../../config/sources.ts";
import { addBackupMetrics, removeBackupMetrics } from "../../ops/metrics/backup-metrics.ts";
import { runBackupCommand } from "../../storage/backups/backup-command.ts";
import { describeBackupError } from "../../storage/backups/backup-errors.ts";
import { BackupFolder } from "../../storage/backups/backup-folder.ts";
import { BackupInProgress, BackupSchedule } from "../../storage/backups/backup-schedule.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import type { FileStore } from "../../storage/sqlite/sqlite-store.ts";
import { existingDatabaseIn } from "../open-store.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";
import type { BackupOptions } from "./backup-options.ts";
import { backUpInWorker } from "./worker-backup.ts";

export interface BackupDependencies extends Pick<PartDependencies, "clock" | "log" | "metrics"> {
  /** Undefined for no schedule. */
  readonly backup?: BackupOptions | undefined;
  readonly dataFolder: DataFolder;
  readonly store: Pick<FileStore, "findFault">;
}

export interface BackupsPart extends Part {
  /** The last backups; null without a schedule. */
  state(): { readonly lastSuccessAt: string | null; readonly lastFailureAt: string | null } | null;
  /** Makes a backup now, as the schedule does. */
  makeNow(): Promise<BackupNow>;
}

/**
 * The part of a server that makes backups by a schedule. The server is ready whether a backup succeeds or not: to refuse
 * clients would protect nothing.
 */
export function openBackups(dependencies: BackupDependencies): BackupsPart {
  const { registry } = dependencies.metrics;
  let options = dependencies.backup;
  const open = (chosen: BackupOptions | undefined) => chosen && openSchedule(chosen, dependencies);
  let schedule = open(options);
  const state = () => {
    if (schedule === undefined) return null;
    const { lastSuccessAt, lastFailureAt } = schedule.figures;
    return { lastSuccessAt: shownTime(lastSuccessAt), lastFailureAt: shownTime(lastFailureAt) };
  };
  return {
    state,
    makeNow: async () => {
      if (schedule === undefined || options === undefined) return { outcome: "off" };
      const { folder } = options;
      try {
        const { begunAt, ...made } = await schedule.makeNow();
        return { outcome: "made", ...made, startedAt: new Date(begunAt).toISOString() };
      } catch (error) {
        if (error instanceof BackupInProgress) return { outcome: "in-progress" };
        return { outcome: "failed", ...describeBackupError(error, folder) };
      }
    },
    readinessDetail: () => {
      const backup = state();
      return backup === null ? {} : { backup };
    },
    /** A backup in progress is given up, and made again by the new schedule. */
    reload: async ({ backup: next }) => {
      if (Bun.deepEquals(next, options)) return;
      await schedule?.close();
      removeBackupMetrics(registry);
      options = next;
      schedule = open(next);
    },
    // A backup in progress would keep the store from tidying its log. Clients do not wait for its end.
    drain: async () => void schedule?.close(),
    [Symbol.asyncDispose]: async () => schedule?.close(),
  };
}

function openSchedule(options: BackupOptions, dependencies: BackupDependencies): BackupSchedule {
  const { command, commandTimeoutMs, everyMs, folder, keep } = options;
  const { clock, dataFolder, log, metrics, store } = dependencies;
  return new BackupSchedule({
    everyMs,
    keep,
    folder: new BackupFolder(folder),
    databaseBytes: () => {
      const file = existingDatabaseIn(dataFolder.path);
      return [file, `${file}-wal`].reduce(
        (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
    },
    findFault: () => store.findFault(),
    backUp: (paths, signal) => backUpInWorker({ file: existingDatabaseIn(dataFolder.path), ...paths }, signal),
    runCommand:
      command === undefined
        ? undefined
        : (file, signal) =>
            runBackupCommand(file, { command, environment: readEnvironment(), timeoutMs: commandTimeoutMs }, signal),
    metrics: (figures) => addBackupMetrics(metrics.registry, figures),
    clock,
    elapsedMs: () => performance.now(),
    log,
  });
}

function shownTime(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
