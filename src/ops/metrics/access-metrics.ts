import type { Instruments } from "./instruments.ts";
import { denialCodes, denialKinds, webhookOutcomes } from "./label-values.ts";

export type AccessMetrics = ReturnType<typeof createAccessMetrics>;

/** Creates the metrics of requests for access, and of the permissions in use. */
export function createAccessMetrics(instruments: Instruments) {
  return {
    /** For documents, signaling rooms, and upgrades without a room. */
    accessDenials: instruments.counts(
      "access_denials_total",
      "Denied requests for access to a room, and permissions that ended",
      { kind: denialKinds, code: denialCodes },
    ),
    /** They have waited for the rate of their connection or document. */
    delayedAuthorizations: instruments.counter(
      "delayed_authorizations_total",
      "Requests for access to documents over their rate",
    ),
    liveGrants: instruments.gauge("live_grants", "Permissions in use"),
    /** `suspended` counts requests that were not made because too many had failed. */
    webhookRequests: instruments.counts("webhook_requests_total", "Webhook requests for access, by outcome", {
      outcome: webhookOutcomes,
    }),
    /** Abandoned requests included. */
    webhookDuration: instruments.histogram("webhook_request_seconds", "Duration of webhook requests"),
  };
}
