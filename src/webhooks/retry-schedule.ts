export interface RetrySchedule {
  /** The delays before the second attempt and those after it. When they are used up, a message is given up. */
  readonly delaysMs: readonly number[];
  /** A number from 0 to 1, as `Math.random`. */
  random(): number;
}

/** A delay is made longer by up to this part of it, so that messages that failed together do not return together. */
const jitter = 0.2;
/** The longest delay that a receiver can ask for. */
const maxRetryAfterMs = 86_400_000;

/**
 * The delay before the next attempt after so many that have failed; undefined if there is none. `retryAfterMs` is what the
 * receiver has asked for, and makes the delay longer only.
 */
export function retryDelayMs(
  failures: number,
  { delaysMs, random }: RetrySchedule,
  retryAfterMs = 0,
): number | undefined {
  const delayMs = delaysMs[failures - 1];
  if (delayMs === undefined) return undefined;
  return Math.round(Math.max(delayMs * (1 + jitter * random()), Math.min(retryAfterMs, maxRetryAfterMs)));
}

/** Reads a Retry-After header (RFC 9110 §10.2.3): seconds, or a date. Undefined for anything else. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  // A date begins with the name of its day; `Date.parse` reads many other texts.
  const at = /^[A-Z][a-z]{2}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
