import type { ServerFacts } from "../../../../client/server/administration.ts";
import { remedyOf } from "../../data/problem-remedy.ts";
import { formatAgo, formatBytes, formatCount, formatDuration } from "../../parts/formats.ts";
import { type Check, type Finding, found, passed, unused } from "./check.ts";
import { thresholds } from "./thresholds.ts";

export function diskCheck({ cluster, disk }: Pick<ServerFacts, "cluster" | "disk">): Check {
  if (disk === null) return unused("Disk", "No documents are stored");
  // The data folder is small then: the disk that fills up is that of the database.
  if (cluster !== null) return unused("Disk", "Documents are in the database");
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

/** The database that several servers share. While it does not answer, the server is not ready. */
export function clusterChecks({ cluster }: Pick<ServerFacts, "cluster">): readonly Check[] {
  if (cluster === null) return [];
  const others = cluster.otherNodes === 0 ? "None" : formatCount(cluster.otherNodes);
  return [
    passed("Database", cluster.database),
    cluster.otherNodes === 0 ? unused("Other nodes", others) : passed("Other nodes", others),
  ];
}

export interface BackupFacts extends Pick<ServerFacts, "backup" | "cluster" | "problems" | "startedAt"> {
  /** The interval of the schedule, in milliseconds; undefined if unknown. */
  readonly everyMs: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

const explains = ["backup-failed"];

export function backupCheck({ backup, cluster, everyMs = 0, now, problems, startedAt }: BackupFacts): Check {
  const label = "Last backup";
  if (cluster !== null) return unused(label, "Not made by Yurt");
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
