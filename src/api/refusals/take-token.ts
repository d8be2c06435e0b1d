import type { TokenBucket } from "../../lib/token-bucket.ts";
import type { BoundName } from "../../ops/metrics/bounds.ts";
import { Problem } from "../problems.ts";

/** Takes a token for one request. Throws `Problem` rate-limited beyond the rate. */
export function takeToken(bucket: TokenBucket, bound: BoundName): void {
  if (bucket.take()) return;
  const seconds = Math.max(1, Math.ceil(bucket.waitMs() / 1_000));
  throw new Problem("rate-limited", `Send fewer requests, the next one in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
    bound,
  });
}
