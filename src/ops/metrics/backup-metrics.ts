import { Gauge, type Registry } from "prom-client";
import { Counts } from "./counts.ts";
import { backupCommandOutcomes, backupOutcomes } from "./label-values.ts";

/** The facts about scheduled backups that are read when the metrics are collected. Times are epoch milliseconds. */
export interface BackupFigures {
  /** The time at which the newest backup began, also one of an earlier run of the server; undefined if there is none. */
  readonly lastSuccessAt: number | undefined;
  /** Undefined if no backup has failed since the start. */
  readonly lastFailureAt: number | undefined;
  /** The duration and the size of the last backup since the start. */
  readonly lastDurationMs: number | undefined;
  readonly lastBytes: number | undefined;
}

export interface BackupMetrics {
  /** `damaged`: the copy is complete, and updates in it are damaged. */
  readonly backups: Counts<"outcome">;
  readonly commands: Counts<"outcome">;
}

const names = {
  lastSuccess: "yurt_backup_last_success_timestamp_seconds",
  lastFailure: "yurt_backup_last_failure_timestamp_seconds",
  lastDuration: "yurt_backup_last_duration_seconds",
  lastBytes: "yurt_backup_last_bytes",
  backups: "yurt_backups_total",
  commands: "yurt_backup_commands_total",
} as const;

/** Adds the metrics of scheduled backups. A server without a schedule has none of them: no alert can fire on it. */
export function addBackupMetrics(registry: Registry, figures: () => BackupFigures): BackupMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, value: (figures: BackupFigures) => number | undefined) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(figures()) ?? 0);
      },
    });
  const seconds = (ms: number | undefined) => ms && ms / 1_000;
  gauge(
    names.lastSuccess,
    "Time of the newest complete backup, in seconds since 1970; 0 if there is none",
    ({ lastSuccessAt }) => seconds(lastSuccessAt),
  );
  gauge(
    names.lastFailure,
    "Time of the last backup that failed, in seconds since 1970; 0 if none has since the start",
    ({ lastFailureAt }) => seconds(lastFailureAt),
  );
  gauge(names.lastDuration, "Duration of the last backup", ({ lastDurationMs }) => seconds(lastDurationMs));
  gauge(names.lastBytes, "Size of the last backup", ({ lastBytes }) => lastBytes);
  return {
    backups: new Counts({
      name: names.backups,
      help: "Scheduled backups",
      sets: { outcome: backupOutcomes },
      registry,
    }),
    commands: new Counts({
      name: names.commands,
      help: "Commands run after a backup",
      sets: { outcome: backupCommandOutcomes },
      registry,
    }),
  };
}

/** Removes what `addBackupMetrics` has added, if it has: the schedule has ended, or another one follows. */
export function removeBackupMetrics(registry: Registry): void {
  for (const name of Object.values(names)) registry.removeSingleMetric(name);
}
