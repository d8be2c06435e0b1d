import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";

/** The kinds of failure of a webhook call. The set is small, so that each can be looked up in the manual. */
export type WebhookFailureKind =
  /** The webhook failed too often, and is not called for some seconds. */
  | "suspended"
  | "timeout"
  /** Too many requests of one address block are queued; the webhook was not called. */
  | "queue-full"
  | "unreachable"
  | "redirect"
  | "status"
  | "too-large"
  | "not-json"
  | "bad-access"
  | "bad-user"
  | "bad-expires-at"
  | "expires-at-in-seconds";

/** A webhook call that has neither granted nor denied access. */
export class WebhookFailure extends Error {
  readonly kind: WebhookFailureKind;
  /** The HTTP status, or the code of a system error. */
  readonly detail: string | number | undefined;

  constructor(kind: WebhookFailureKind, detail?: string | number) {
    super(kind);
    this.name = "WebhookFailure";
    this.kind = kind;
    this.detail = detail;
  }
}

/** The rate of log lines for each kind of failure: during an outage every client meets the same one. */
const linesPerSecond = 0.1;

/** Logs the first failure of each kind, and then at most every ten seconds the number of further ones. */
export class WebhookFailureLog {
  readonly #log: Log;
  readonly #lines: KeyedBuckets;
  readonly #unlogged = new Map<WebhookFailureKind, number>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#lines = new KeyedBuckets({ burst: 1, perSecond: linesPerSecond, clock });
  }

  add({ kind, detail }: WebhookFailure): void {
    const failures = (this.#unlogged.get(kind) ?? 0) + 1;
    const isLogged = this.#lines.of(kind).take();
    this.#unlogged.set(kind, isLogged ? 0 : failures);
    if (isLogged) this.#log.warn({ event: "webhook-failed", cause: kind, detail, failures });
  }
}
