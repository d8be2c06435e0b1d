import { abortableWait } from "../abortable-wait.ts";
import type { TokenBucket } from "../token-bucket.ts";
import type { Clock } from "./clock.ts";

/** A client that waits; its signal, which aborts when it disconnects, is read only if it has to wait. */
export interface Waiter {
  readonly signal: AbortSignal;
}

/** Takes a token from the bucket, at once or as soon as there is one; false if the waiter has disconnected by then. */
export function takeOrWait(bucket: TokenBucket, waiter: Waiter, clock: Clock): true | Promise<boolean> {
  return bucket.take() || wait(bucket, waiter, clock);
}

async function wait(bucket: TokenBucket, { signal }: Waiter, clock: Clock): Promise<boolean> {
  while (!bucket.take()) {
    const waitMs = bucket.waitMs();
    if (!(await abortableWait(signal, (done) => clock.after(waitMs, done)))) return false;
  }
  return true;
}
