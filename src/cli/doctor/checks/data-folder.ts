import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diskOf } from "../../../composition/diagnosis.ts";
import { describeDataError } from "../../output/data-errors.ts";
import { formatBytes } from "../../output/print.ts";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "Data folder";
/** Below this the log and the journal of a busy server may find no space. */
const scarceBytes = 1e9;
const fullBytes = 100e6;
/** All permissions of the group and of others. */
const permissionsOfOthers = 0o077;

/** Whether the data folder can be used, and the disk has space. */
export async function checkDataFolder(examination: Examination): Promise<readonly Finding[]> {
  const { values, isRunning, dataFolder } = examination;
  const folder = values.data;
  if (!existsSync(folder)) return [missing(folder), ...checkDisk(firstExisting(folder))];
  if (!statSync(folder).isDirectory()) {
    const message = `The data folder ${folder} is not a folder.`;
    return [{ check, status: "fail", message, remedy: "Choose another with --data." }];
  }
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const message = describeDataError(error, folder) ?? `The data folder ${folder} cannot be used.`;
    return [{ check, status: "fail", message, remedy: "Run yurt doctor as the server's user, with sudo -u." }];
  }
  const holder = dataFolder?.holder;
  const by = holder?.pid === undefined ? "a server" : `process ${holder.pid}`;
  const message = isRunning ? `${folder} is in use by ${by}.` : `${folder} is writable. No server uses it now.`;
  return [
    { check, status: "ok", message },
    ...checkPermissions(folder),
    ...unreadable("Documents", dataFolder?.databaseError, folder),
    ...unreadable("Secrets", dataFolder?.secretsError, folder),
    ...checkDisk(folder),
  ];
}

function missing(folder: string): Finding {
  return { check, status: "ok", message: `${folder} does not exist yet. The server creates it.` };
}

function checkPermissions(folder: string): readonly Finding[] {
  const { mode } = statSync(folder);
  if (process.platform === "win32" || (mode & permissionsOfOthers) === 0) return [];
  const message = `Other users of this machine have access to ${folder} (mode ${(mode & 0o777).toString(8)}).`;
  return [{ check, status: "warn", message, remedy: `Run chmod 700 ${folder}.` }];
}

function unreadable(part: "Documents" | "Secrets", error: unknown, folder: string): readonly Finding[] {
  if (error === undefined) return [];
  return [{ check: part, status: "fail", message: describeDataError(error, folder) ?? String(error) }];
}

function checkDisk(folder: string): readonly Finding[] {
  const { freeBytes, networkFileSystem } = diskOf(folder);
  const free = `${formatBytes(freeBytes)} are free on the disk of ${folder}.`;
  const remedy = "Free some space, or choose another folder with --data.";
  const findings: Finding[] = [
    freeBytes < scarceBytes
      ? { check: "Disk", status: freeBytes < fullBytes ? "fail" : "warn", message: free, remedy }
      : { check: "Disk", status: "ok", message: free },
  ];
  if (networkFileSystem !== undefined) {
    const message = `${folder} is on a network file system (${networkFileSystem}), on which documents can be damaged.`;
    findings.push({ check: "Disk", status: "fail", message, remedy: "Choose a folder on a local disk with --data." });
  }
  return findings;
}

function firstExisting(folder: string): string {
  let path = resolve(folder);
  while (!existsSync(path)) path = dirname(path);
  return path;
}
