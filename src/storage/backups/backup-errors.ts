import { errorCode } from "../../lib/error-code.ts";

/** A copy might fill the disk, which the server needs as well. */
export class NotEnoughSpace extends Error {
  readonly code = "ENOSPC";

  constructor({ folder, free, needed }: { readonly folder: string; readonly free: number; readonly needed: number }) {
    super(`The disk of ${folder} has ${megabytes(free)} MB left, and a backup may need ${megabytes(needed)} MB.`);
    this.name = "NotEnoughSpace";
  }
}

/** The schedule was closed before the backup was made. */
export class BackupGivenUp extends Error {
  readonly code = "given-up";

  constructor() {
    super("The backup was given up, because the server stops or has read its configuration again.");
    this.name = "BackupGivenUp";
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "Free some space there, lower backup.keep, or choose another folder with backup.folder.",
  EACCES: "Let the server's user write to the folder, or choose another one with backup.folder.",
  ENOTDIR: "A file is in the way. Choose another folder with backup.folder.",
  "given-up": "Ask for it again.",
  corrupt: "Restore an earlier backup with yurt restore.",
};

/** The reason of a failed backup and its remedy, for the log. */
export function describeBackupError(
  error: unknown,
  folder: string,
): { readonly folder: string; readonly reason: string; readonly remedy?: string } {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = remedies[alike[errorCode(error) ?? ""] ?? errorCode(error) ?? ""];
  return { folder, reason, ...(remedy !== undefined && { remedy }) };
}

/** Codes with the remedy of another one. */
const alike: Readonly<Record<string, string>> = {
  full: "ENOSPC",
  EDQUOT: "ENOSPC",
  EPERM: "EACCES",
  EROFS: "EACCES",
  EEXIST: "ENOTDIR",
};
