import type { Instruments } from "./instruments.ts";
import { changeWebhookOutcomes } from "./label-values.ts";

export type ChangeWebhookMetrics = ReturnType<typeof createChangeWebhookMetrics>;

/** Creates the metrics of change webhooks. Those of requests for access are others: see `createAccessMetrics`. */
export function createChangeWebhookMetrics(instruments: Instruments) {
  const name = (suffix: string) => `change_webhook_${suffix}`;
  return {
    /** `gave-up` counts messages, besides their last failed attempt. */
    changeWebhookAttempts: instruments.counts(name("attempts_total"), "Attempts to deliver a message to a webhook", {
      outcome: changeWebhookOutcomes,
    }),
    changeWebhookDuration: instruments.histogram(name("request_seconds"), "Duration of requests to change webhooks"),
    changeWebhookWaiting: instruments.gauge(
      name("waiting_documents"),
      "Documents with changes or events that change webhooks are to be told of",
    ),
    changeWebhooks: instruments.labelledGauge<"enabled" | "disabled">(
      name("endpoints"),
      "Change webhooks, by whether they are in use",
      "state",
    ),
    changeWebhookFailing: instruments.gauge(
      name("failing_seconds"),
      "How long the change webhook has failed that fails longest; 0 if none does",
    ),
    changeWebhookDrops: instruments.counter(
      name("dropped_events_total"),
      "Events that were dropped because too many messages wait for a change webhook",
    ),
  };
}
