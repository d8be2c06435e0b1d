import type { Instruments } from "./instruments.ts";
import { changeWebhookOutcomes } from "./label-values.ts";

export type ChangeWebhookMetrics = ReturnType<typeof createChangeWebhookMetrics>;

/** Creates the metrics of change webhooks. Those of requests for access are others: see `createAccessMetrics`. */
export function createChangeWebhookMetrics(instruments: Instruments) {
  const name = (suffix: string) => `change_webhook_${suffix}`;
  return {
    changeWebhooks: {
      /** `gave-up` counts messages, besides their last failed attempt. */
      attempts: instruments.counts(name("attempts_total"), "Attempts to deliver a message to a change webhook", {
        outcome: changeWebhookOutcomes,
      }),
      duration: instruments.histogram(name("request_seconds"), "Duration of requests to change webhooks"),
      waiting: instruments.gauge(name("waiting_documents"), "Documents with changes or events to be delivered"),
      endpoints: instruments.labelledGauge<"enabled" | "disabled">(
        name("endpoints"),
        "Endpoints of change webhooks, by whether they are in use",
        "state",
      ),
      failing: instruments.gauge(
        name("failing_seconds"),
        "How long the endpoint that fails longest has failed; 0 if none",
      ),
      dropped: instruments.counter(name("dropped_events_total"), "Events dropped because too many messages wait"),
    },
  };
}
