import type { ServerSetting } from "../../../../client/server/administration.ts";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The interval of the schedule of backups, in milliseconds; undefined if there is none or it is unknown. */
export function backupEveryMs(settings: readonly ServerSetting[]): number | undefined {
  const value = settings.find(({ setting }) => setting === "backup.every")?.value;
  // A number alone is one of seconds.
  const [, number = "", unit = "s"] = /^(\d+)([smhd])?$/.exec(String(value)) ?? [];
  const ms = unitMs[unit];
  return number === "" || ms === undefined ? undefined : Number(number) * ms;
}
