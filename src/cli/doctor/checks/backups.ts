import { scheduledBackupsIn } from "../../../composition/diagnosis.ts";
import { backupFolderOf } from "../../../composition/settings/settings.ts";
import { errorCode } from "../../../lib/error-code.ts";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "Backups";
const minuteMs = 60_000;

/** Whether backups are made, and the latest one is as new as it should be. */
export async function checkBackups({ values, isRunning }: Examination): Promise<readonly Finding[]> {
  if (!values["sync.enabled"] || values["cluster.url"] !== undefined) return [];
  const every = values["backup.every"];
  if (every === "off") {
    const remedy = "Set --backup-every 24h and --backup-folder, or run yurt backup with a system timer.";
    return [{ check, status: "warn", message: "The server makes no backups.", remedy }];
  }
  const folder = backupFolderOf(values);
  try {
    return [findingOf(scheduledBackupsIn(folder), { folder, every, isRunning })];
  } catch (error) {
    const message = `The folder of the backups ${folder} cannot be read (${errorCode(error)}).`;
    return [
      {
        check,
        status: "fail",
        message,
        remedy: "Correct its permissions, or choose another one with --backup-folder.",
      },
    ];
  }
}

interface Schedule {
  readonly folder: string;
  readonly every: number;
  readonly isRunning: boolean;
}

function findingOf(backups: ReturnType<typeof scheduledBackupsIn>, { folder, every, isRunning }: Schedule): Finding {
  const [latest] = backups;
  if (latest?.isDamaged === true) {
    const message = `The latest backup ${folder}/${latest.name} has damaged updates.`;
    return {
      check,
      status: "fail",
      message,
      remedy: "Run yurt backup --verify to see which documents; keep earlier backups.",
    };
  }
  const remedy = 'Look for "backup-failed" in the log.';
  if (latest === undefined) {
    const message = `There is no backup in ${folder} yet.`;
    return isRunning ? { check, status: "warn", message, remedy } : { check, status: "ok", message };
  }
  const message = `The latest backup in ${folder} is ${formatAge(Date.now() - latest.at)} old.`;
  return isRunning && Date.now() - latest.at > 2 * every
    ? { check, status: "warn", message, remedy }
    : { check, status: "ok", message };
}

function formatAge(ms: number): string {
  const minutes = Math.round(ms / minuteMs);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
