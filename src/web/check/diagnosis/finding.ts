export type FindingState = "ok" | "warning" | "failed" | "skipped";

/** The result of one step, in words. */
export interface Finding {
  readonly state: FindingState;
  readonly text: string;
  /** The next step for the reader. */
  readonly remedy?: string;
  /** Figures, such as "12 ms". */
  readonly figures?: string;
}

export function ok(text: string, figures?: string): Finding {
  return { state: "ok", text, ...(figures !== undefined && { figures }) };
}

export function warning(text: string, remedy?: string): Finding {
  return { state: "warning", text, ...(remedy !== undefined && { remedy }) };
}

export function failed(text: string, remedy?: string): Finding {
  return { state: "failed", text, ...(remedy !== undefined && { remedy }) };
}

export function skipped(text: string): Finding {
  return { state: "skipped", text };
}

export function milliseconds(ms: number): string {
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

export function bitRate(bitsPerSecond: number): string {
  const megabits = bitsPerSecond / 1e6;
  return `${megabits < 9.95 ? megabits.toFixed(1) : Math.round(megabits)} Mbit/s`;
}
