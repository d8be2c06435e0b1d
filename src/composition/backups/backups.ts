import { statSync } from "node:fs";
import { readEnvironment } from "../../config/sources.ts";
import { addBackupMetrics } from "../../ops/metrics/backup-metrics.ts";
import { runBackupCommand } from "../../storage/backups/backup-command.ts";
import { BackupFolder } from "../../storage/backups/backup-folder.ts";
import { BackupSchedule } from "../../storage/backups/backup-schedule.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import type { FileStore } from "../../storage/sqlite/sqlite-store.ts";
import { existingDatabaseIn } from "../open-store.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";
import type { BackupOptions } from "./backup-options.ts";
import { backUpInWorker } from "./worker-backup.ts";

export interface BackupDependencies extends Pick<PartDependencies, "clock" | "log" | "metrics"> {
  readonly backup: BackupOptions;
  readonly dataFolder: DataFolder;
  readonly store: Pick<FileStore, "findFault">;
}

/**
 * The part of a server that makes backups by a schedule. The server is ready whether a backup succeeds or not: to refuse
 * clients would protect nothing.
 */
export function openBackups({ backup, dataFolder, store, clock, log, metrics }: BackupDependencies): Part {
  const { command, commandTimeoutMs, everyMs, folder, keep } = backup;
  const schedule = new BackupSchedule({
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
  const shownTime = (atMs: number | undefined) => (atMs === undefined ? null : new Date(atMs).toISOString());
  return {
    readinessDetail: () => {
      const { lastSuccessAt, lastFailureAt } = schedule.figures;
      return { backup: { lastSuccessAt: shownTime(lastSuccessAt), lastFailureAt: shownTime(lastFailureAt) } };
    },
    // A backup in progress would keep the store from tidying its log. Clients do not wait for its end.
    drain: async () => void schedule.close(),
    [Symbol.asyncDispose]: () => schedule.close(),
  };
}
