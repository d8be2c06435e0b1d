/** RFC 8656 §3.2 recommends the default; coturn has the same maximum. */
const defaultSeconds = 600;
const maxSeconds = 3_600;

/** The lifetime of an allocation in seconds, for the LIFETIME that its client asks for (RFC 8656 §7.2 step 8). */
export function lifetimeFor(requested: number | undefined): number {
  return Math.min(maxSeconds, Math.max(defaultSeconds, requested ?? defaultSeconds));
}
