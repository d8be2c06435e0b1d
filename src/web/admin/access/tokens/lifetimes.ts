export interface Lifetime {
  /** As `POST /api/tokens` takes it. */
  readonly value: string;
  readonly label: string;
}

export const defaultTtl = "1h";

/** The lifetimes to choose from. A server may allow less than the longest. */
export const lifetimes: readonly Lifetime[] = [
  { value: "15m", label: "15 minutes" },
  { value: "1h", label: "1 hour" },
  { value: "8h", label: "8 hours" },
  { value: "1d", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "365d", label: "1 year" },
];
