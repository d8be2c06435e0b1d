import type { ServerFacts } from "../../../../client/server/administration.ts";
import { remedyOf } from "../../data/problem-remedy.ts";
import { formatAgo, formatBytes, formatDuration } from "../../parts/formats.ts";
import { type Check, type Finding, found, passed, unused } from "./check.ts";
import { thresholds } from "./thresholds.ts";

export function diskCheck({ disk }: Pick<ServerFacts, "disk">): Check {
  if (disk === null) return unused("Disk", "No documents are stored");
  const free = `${formatBytes(disk.availableBytes)} free`;
  if (disk.availableBytes >= thresholds.diskBytes) return passed("Disk", free);
  return found("Disk", free, [
    {
      id: "disk",
      tone: "away",
      title: `The disk is almost full: ${free}`,
      remedy:
        "Free some space, or move the data folder to a larger disk. No updates are accepted once the disk is full. Stored documents are not affected.",
      link: { label: "Show the largest documents", view: "documents", query: { order: "bytes" } },
    },
  ]);
}

export interface BackupFacts extends Pick<ServerFacts, "backup" | "problems" | "startedAt"> {
  /** The interval of the schedule, in milliseconds; undefined if unknown. */
  readonly everyMs: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

const explains = ["backup-failed"];

export function backupCheck({ backup, everyMs = 0, now, problems, startedAt }: BackupFacts): Check {
  const label = "Last backup";
  if (backup === null) return unused(label, "Not scheduled");
  const { lastFailureAt, lastSuccessAt } = backup;
  const value = lastSuccessAt === null ? "None yet" : formatAgo(lastSuccessAt, now);
  if (lastFailureAt !== null && (lastSuccessAt === null || Date.parse(lastFailureAt) > Date.parse(lastSuccessAt))) {
    const remedy = remedyOf(problems, explains);
    return found(label, value, [
      backupFinding(
        `The last backup failed ${formatAgo(lastFailureAt, now)}`,
        remedy ?? "The server tries again in a few minutes. The latest problems below show the reason.",
      ),
    ]);
  }
  const longest = lastSuccessAt === null ? thresholds.firstBackupMs : Math.max(thresholds.backupAgeMs, 2 * everyMs);
  const ageMs = now - Date.parse(lastSuccessAt ?? startedAt);
  if (ageMs <= longest) return passed(label, value);
  return found(label, value, [
    backupFinding(
      lastSuccessAt === null ? "There is no backup yet" : `The latest backup is ${formatDuration(ageMs)} old`,
      "Make a backup now, and find out why the scheduled ones are missing.",
    ),
  ]);
}

function backupFinding(title: string, remedy: string): Finding {
  const link = { label: "Show the backups", view: "settings", path: ["backups"] };
  return { id: "backup", tone: "busy", title, remedy, link, explains };
}
