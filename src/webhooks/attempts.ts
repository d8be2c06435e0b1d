import type { Clock } from "../lib/time/clock.ts";
import type { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { ChangeWebhookMetrics } from "../ops/metrics/change-webhook-metrics.ts";
import type { DisabledReason, StoredEndpoint, StoredMessage } from "../storage/webhook-store.ts";
import type { Dispatcher, Verdict } from "./dispatcher.ts";
import type { RecentDeliveries } from "./recent-deliveries.ts";
import type { RetrySchedule } from "./retry-schedule.ts";
import type { Outcome, Sender } from "./sender.ts";
import { judge } from "./verdicts.ts";

/** An endpoint, and what delivers to it. */
export interface Entry {
  endpoint: StoredEndpoint;
  /** Undefined while the endpoint is disabled, or another server delivers. */
  dispatcher: Dispatcher | undefined;
  readonly recent: RecentDeliveries;
}

export interface AttemptsOptions {
  readonly sender: Pick<Sender, "send">;
  readonly schedule: RetrySchedule;
  readonly clock: Pick<Clock, "now" | "elapsedMs">;
  readonly log: Log;
  readonly limitedLog: LimitedLog;
  readonly metrics: Pick<ChangeWebhookMetrics, "changeWebhookAttempts" | "changeWebhookDuration">;
  /** Stores a change of an endpoint. Never rejects. */
  readonly change: (id: string, change: (endpoint: StoredEndpoint) => StoredEndpoint) => Promise<void>;
}

/** Makes the attempts to deliver, and keeps account of them: what has failed, since when, and what follows. */
export class Attempts {
  readonly #options: AttemptsOptions;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async make(entry: Entry, message: StoredMessage, signal: AbortSignal): Promise<Verdict> {
    const { clock, limitedLog, metrics, schedule, sender } = this.#options;
    const { id } = entry.endpoint;
    const [startedAt, endTimer] = [clock.elapsedMs(), metrics.changeWebhookDuration.startTimer()];
    const outcome = await sender.send(entry.endpoint, message, signal);
    if (outcome.kind === "interrupted") return { kind: "stop" };
    endTimer();
    const now = clock.now();
    entry.recent.add({ message, outcome, at: now, durationMs: Math.round(clock.elapsedMs() - startedAt) });
    const { disable, verdict } = judge(
      { outcome, failures: message.attempts, endpoint: entry.endpoint, now },
      schedule,
    );
    metrics.changeWebhookAttempts.inc({ outcome: outcome.kind === "delivered" ? "delivered" : "failed" });
    this.#setFailing(entry, outcome.kind === "delivered" ? undefined : (entry.endpoint.failingSince ?? now));
    if (outcome.kind !== "delivered") this.#logFailure(id, message, outcome);
    if (verdict.kind === "give-up") {
      metrics.changeWebhookAttempts.inc({ outcome: "gave-up" });
      limitedLog.warn({ event: "change-webhook-gave-up", webhook: id, message: message.id });
    }
    if (disable !== undefined) void this.#disable(id, disable);
    return verdict;
  }

  #logFailure(
    webhook: string,
    { type }: StoredMessage,
    outcome: Exclude<Outcome, { readonly kind: "delivered" }>,
  ): void {
    const reason = outcome.kind === "failed" ? outcome.reason : outcome.kind;
    const status = "status" in outcome ? outcome.status : undefined;
    this.#options.limitedLog.warn({ event: "change-webhook-failed", webhook, type, reason, status });
  }

  /** Stores since when an endpoint fails, when that changes: seldom. */
  #setFailing({ endpoint }: Entry, failingSince: number | undefined): void {
    if (endpoint.failingSince === failingSince) return;
    void this.#options.change(endpoint.id, (current) => ({ ...current, failingSince }));
  }

  async #disable(id: string, reason: DisabledReason): Promise<void> {
    const at = this.#options.clock.now();
    await this.#options.change(id, (endpoint) => ({ ...endpoint, disabled: endpoint.disabled ?? { reason, at } }));
    this.#options.log.warn({ event: "change-webhook-disabled", webhook: id, reason });
  }
}
