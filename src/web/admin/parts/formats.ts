const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const dates = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/** A count with separators: `12,345`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** A count with the noun for it, which has a regular plural: `1 room`, `12,345 rooms`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A number with at most one digit after the point; `–` for none. */
export function formatNumber(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : numbers.format(value);
}

const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes in decimal units, as files are listed: `1.2 MB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const exponent = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${numbers.format(bytes / 1_000 ** exponent)} ${byteUnits[exponent]}`;
}

const steps = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** The distance of a time from now: `3 minutes ago`. */
export function formatAgo(time: string | number, now = Date.now()): string {
  const distance = new Date(time).getTime() - now;
  const [unit, ms] = steps.find(([, each]) => Math.abs(distance) >= each) ?? ["second", 1_000];
  return relative.format(Math.round(distance / ms), unit);
}

/** A time in the zone of the browser, to the second. */
export function formatTime(time: string | number): string {
  return dates.format(new Date(time));
}

/** A duration in its two largest units: `3 h 20 min`. */
export function formatDuration(ms: number): string {
  const parts = [
    [Math.floor(ms / 86_400_000), "d"],
    [Math.floor(ms / 3_600_000) % 24, "h"],
    [Math.floor(ms / 60_000) % 60, "min"],
    [Math.floor(ms / 1_000) % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  const shown = parts.slice(first === -1 ? 3 : first).slice(0, 2);
  return shown.map(([value, unit]) => `${value} ${unit}`).join(" ");
}
