import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { existingDatabaseIn } from "../composition/open-store.ts";
import { findDamaged } from "../relay/document/reading/stored-contents.ts";
import { backUpDatabase, type CopiedUpdate } from "../storage/sqlite/backup.ts";
import { StoreError } from "../storage/store.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { type Offline, withDatabaseFile } from "./offline.ts";
import { formatBytes, formatName, formatThings, print } from "./output/print.ts";

/**
 * Copies all documents into one new file, whether a server runs or not. With `--verify` the copy is checked, down to
 * every update; when an update is damaged the copy stays, for it holds what the data folder holds.
 */
export async function backup(input: CommandInput): Promise<number> {
  const [target = ""] = input.operands;
  const isVerified = input.switches.has("verify");
  return withDatabaseFile(input, async (offline) => {
    // The folder's errors come first: from here on, system errors concern the target.
    const file = existingDatabaseIn(offline.dataFolder);
    const examine = (updates: Iterable<CopiedUpdate>) => complainOfDamaged(updates, offline);
    const copy = () =>
      backUpDatabase({
        file,
        target: resolve(target),
        ...(isVerified && { examine }),
      });
    const { documents, bytes, damaged } = explained(copy, target);
    const verdict = isVerified && damaged === 0 ? ", verified" : "";
    await print(input.stdout, `${target}: ${formatThings(documents, "document")}, ${formatBytes(bytes)}${verdict}\n`);
    if (damaged === 0) return exitCodes.done;
    offline.complain(
      `The copy holds ${formatThings(damaged, "damaged update")}, because ${offline.dataFolder} does. Keep earlier backups.`,
    );
    return exitCodes.failed;
  });
}

function complainOfDamaged(updates: Iterable<CopiedUpdate>, { complain }: Offline): number {
  let damaged = 0;
  for (const { found, problem } of findDamaged(updates)) {
    complain(`${formatName(found.document)}: ${problem}`);
    damaged += 1;
  }
  return damaged;
}

/** System errors concern the target: the database is read through SQLite, which has errors of its own. */
function explained<Result>(copy: () => Result, target: string): Result {
  try {
    return copy();
  } catch (error) {
    const message = describeTargetError(error, target);
    throw message === undefined ? error : new Error(message, { cause: error });
  }
}

function describeTargetError(error: unknown, target: string): string | undefined {
  if (error instanceof StoreError && error.kind === "full") return describeSystemError("ENOSPC", target);
  return error instanceof Error && "code" in error ? describeSystemError(error.code, target) : undefined;
}

function describeSystemError(code: unknown, target: string): string | undefined {
  switch (code) {
    case "EEXIST":
      return existsSync(target) && statSync(target).isDirectory()
        ? `${target} is a folder. Choose a file name in it.`
        : `${target} already exists. Choose another file name.`;
    case "ENOENT":
    case "ENOTDIR":
      return `There is no folder ${dirname(target)}. Create it, or choose another file name.`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `The folder ${dirname(target)} is not writable. Choose another folder.`;
    case "ENOSPC":
      return `The disk of ${dirname(target)} is full. Choose another folder.`;
    default:
      return undefined;
  }
}
