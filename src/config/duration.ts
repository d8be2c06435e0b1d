const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Examples of the durations that `parseDuration` reads. */
export const durationForms = "90s, 15m, 1h or 30d";

/** Reads `90s`, `15m`, `1h` or `30d` as milliseconds; a number alone is seconds. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit = "s"] = /^([1-9]\d{0,8})([smhd])?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  // The pattern allows no other unit.
  return Number(digits) * unitMs[unit as keyof typeof unitMs];
}
