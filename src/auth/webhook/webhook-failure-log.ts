import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { WebhookFailure, WebhookFailureKind } from "./webhook-failure.ts";

/** The rate of log lines for each kind of failure: during an outage every client meets the same one. */
const linesPerSecond = 0.1;

/** Logs the first failure of each kind, and then at most every ten seconds the number of further ones. */
export class WebhookFailureLog {
  readonly #log: Log;
  readonly #lines: KeyedBuckets;
  readonly #untold = new Map<WebhookFailureKind, number>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#lines = new KeyedBuckets({ burst: 1, perSecond: linesPerSecond, clock });
  }

  add({ kind, detail }: WebhookFailure): void {
    const failures = (this.#untold.get(kind) ?? 0) + 1;
    const isTold = this.#lines.of(kind).take();
    this.#untold.set(kind, isTold ? 0 : failures);
    if (isTold) this.#log.warn({ event: "webhook-failed", cause: kind, detail, failures });
  }
}
