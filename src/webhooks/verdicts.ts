import type { StoredEndpoint } from "../storage/webhook-store.ts";
import type { Verdict } from "./dispatcher.ts";
import { type RetrySchedule, retryDelayMs } from "./retry-schedule.ts";
import type { Outcome } from "./sender.ts";

/** An endpoint of which every attempt has failed for so long is disabled. */
export const failingUntilDisabledMs = 3 * 86_400_000;

export interface JudgedAttempt {
  readonly outcome: Outcome;
  /** The attempts that had failed before. */
  readonly failures: number;
  readonly endpoint: Pick<StoredEndpoint, "failingSince">;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A verdict on a message, and on its endpoint. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Why the endpoint is to be disabled. */
  readonly disable?: "gone" | "failing";
}

/** Decides what follows from an attempt. */
export function judge(attempt: JudgedAttempt, schedule: RetrySchedule): Judgement {
  const { endpoint, failures, now, outcome } = attempt;
  switch (outcome.kind) {
    case "delivered":
      return { verdict: { kind: "delivered" } };
    case "interrupted":
      return { verdict: { kind: "stop" } };
    case "gone":
      return { verdict: { kind: "stop" }, disable: "gone" };
    case "failed": {
      const { failingSince } = endpoint;
      const isHopeless = failingSince !== undefined && now - failingSince >= failingUntilDisabledMs;
      const delayMs = retryDelayMs(failures + 1, schedule, outcome.retryAfterMs);
      return {
        verdict: delayMs === undefined ? { kind: "give-up" } : { kind: "retry", delayMs },
        ...(isHopeless && { disable: "failing" as const }),
      };
    }
  }
}
