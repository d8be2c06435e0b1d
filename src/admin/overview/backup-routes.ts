import * as v from "valibot";
import { demandNoPrefix } from "../../api/caller.ts";
import { Problem } from "../../api/problems.ts";
import { json, type Route, route } from "../../api/route.ts";
import { time } from "./server-schemas.ts";

/** How a backup that was asked for has ended. `off`: the server makes no backups. */
export type BackupNow =
  | {
      readonly outcome: "made";
      /** The path of the copy. */
      readonly file: string;
      readonly documents: number;
      readonly bytes: number;
      readonly damaged: number;
      readonly startedAt: string;
      readonly durationMs: number;
    }
  | { readonly outcome: "failed"; readonly reason: string; readonly remedy?: string }
  | { readonly outcome: "in-progress" | "off" };

export interface BackupRoutesOptions {
  readonly makeBackup: () => Promise<BackupNow>;
}

const madeBackup = v.pipe(
  v.object({
    file: v.pipe(v.string(), v.description("The path of the backup, on the machine of the server")),
    bytes: v.pipe(v.number(), v.description("Its size")),
    documents: v.pipe(v.number(), v.description("The number of its documents")),
    damaged: v.pipe(v.number(), v.description("The number of its updates that are damaged, as they are in the store")),
    startedAt: time("When the backup began"),
    ms: v.pipe(v.number(), v.description("How long it took, in milliseconds")),
  }),
  v.title("MadeBackup"),
);

/** The route that makes a backup. */
export function backupRoutes({ makeBackup }: BackupRoutesOptions): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/v1/server/backup",
      id: "makeBackup",
      tag: "Administration",
      needs: "docs:admin",
      summary: "Make a backup now",
      description:
        "It counts as one of the schedule: `backup.folder`, `backup.keep` and `backup.command` hold for it. The answer comes when it is made and verified, and does not wait for the command.",
      answers: { 201: { description: "The backup", json: madeBackup } },
      problems: ["backups-off", "backup-in-progress", "backup-failed"],
      handle: async ({ caller, keepOpen }) => {
        demandNoPrefix(caller, "a backup has all documents");
        keepOpen();
        return json(shownBackup(await makeBackup()), 201);
      },
    }),
  ];
}

/** Throws `Problem` if there is none. */
function shownBackup(backup: BackupNow): v.InferOutput<typeof madeBackup> {
  switch (backup.outcome) {
    case "made": {
      const { bytes, damaged, documents, durationMs: ms, file, startedAt } = backup;
      return { file, bytes, documents, damaged, startedAt, ms };
    }
    case "failed": {
      const { reason, remedy = "The log has the details." } = backup;
      throw new Problem("backup-failed", `${reason.replace(/\.?$/, ".")} ${remedy}`);
    }
    case "in-progress":
      throw new Problem("backup-in-progress", "Another backup, or the command after it, has not ended yet.");
    case "off":
      throw new Problem("backups-off", "Set backup.every, or make a backup with yurt backup.");
  }
}
