import * as v from "valibot";
import { durationForms } from "../../config/duration.ts";
import { option } from "../../config/option.ts";
import * as schemas from "../../config/schemas.ts";

/** Shorter intervals would copy the database all the time. */
const shortestIntervalMs = 60_000;

/** Timers count milliseconds in 31 bits. */
const longestCommandMs = 7 * 86_400_000;

const commandLine = v.pipe(
  v.string(),
  v.check((text) => text.trim() !== "" && !text.includes("\0")),
);

/** Backups that the server makes by itself. */
export const backupOptions = {
  "backup.every": option<"off" | number>({
    kind: "text",
    schema: v.union([v.literal("off"), v.pipe(schemas.durationMs, v.minValue(shortestIntervalMs))]),
    default: "off",
    expected: `a time of at least 1m, such as ${durationForms}; or off`,
    help: "interval at which the running server makes a verified backup of all documents, such as 24h; off for none",
    group: "Backups",
    isReloadable: true,
    placeholder: "time|off",
  }),
  "backup.keep": option({
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
    default: 7,
    expected: "a whole number from 1 to 10000",
    help: "number of backups to keep; the server deletes its older ones",
    group: "Backups",
    isReloadable: true,
    placeholder: "count",
  }),
  "backup.folder": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.path),
    default: undefined,
    example: "/var/backups/yurt",
    expected: "the path of a folder that no other server uses; it is created if it does not exist",
    help: "folder of the backups; servers must not share it (default: backups in the data folder)",
    group: "Backups",
    isReloadable: true,
    placeholder: "folder",
  }),
  "backup.command": option<string | undefined>({
    kind: "text",
    schema: v.optional(commandLine),
    default: undefined,
    example: 'rclone copy "$YURT_BACKUP_FILE" remote:yurt',
    expected: 'a command line for the shell, such as rclone copy "$YURT_BACKUP_FILE" remote:yurt',
    help: "shell command to run after each backup, to copy it elsewhere; $YURT_BACKUP_FILE is the path of the backup",
    group: "Backups",
    isReloadable: true,
    placeholder: "command",
  }),
  "backup.command-timeout": option({
    kind: "text",
    schema: v.pipe(schemas.durationMs, v.maxValue(longestCommandMs)),
    default: "1h",
    expected: "a time of at most 7d, such as 10m or 1h",
    help: "time after which the command is killed",
    group: "Backups",
    isReloadable: true,
    placeholder: "time",
  }),
};
