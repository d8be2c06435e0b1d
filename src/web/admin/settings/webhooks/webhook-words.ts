import type { WebhookAttempt, WebhookDelivery, WebhookFacts } from "../../../../client/webhook-endpoints.ts";

/** A state in words. */
export interface StateWords {
  readonly label: string;
  /** Undefined for a state that is neither good nor bad. */
  readonly tone: "good" | "busy" | "away" | undefined;
}

export function webhookState({ disabled, failingSince }: Pick<WebhookFacts, "disabled" | "failingSince">): StateWords {
  if (disabled?.reason === "gone") return { label: "Disabled: the application answered 410", tone: "away" };
  if (disabled?.reason === "failing") return { label: "Disabled: failed for days", tone: "away" };
  if (disabled !== null) return { label: "Disabled", tone: undefined };
  return failingSince === null ? { label: "Enabled", tone: "good" } : { label: "Failing", tone: "busy" };
}

export function deliveryState({ failures, state }: Pick<WebhookDelivery, "failures" | "state">): StateWords {
  if (state === "delivered") return { label: "Delivered", tone: "good" };
  if (state === "gave-up") return { label: "Given up", tone: "away" };
  return failures === 0 ? { label: "Waiting", tone: undefined } : { label: "Will be sent again", tone: "busy" };
}

/** The reasons of failed attempts (docs/webhooks.md). */
const reasons: Readonly<Record<string, string>> = {
  status: "the application refused it",
  timeout: "no answer in time",
  unreachable: "no connection",
  certificate: "the certificate is not valid",
  redirect: "the answer is a redirect",
  "name-not-found": "the host name is unknown",
  "address-not-allowed": "the address is not allowed",
  "http-not-allowed": "https:// is required",
};

/** The result of an attempt: `204 in 35 ms`, `timeout: no answer in time`. */
export function attemptText({ durationMs, outcome, reason, status }: WebhookAttempt): string {
  const answer = status === null ? "" : `${status} `;
  if (outcome === "delivered") return `${answer}in ${durationMs} ms`;
  if (outcome === "interrupted") return "interrupted by a restart";
  if (outcome === "gone") return `${answer}gone`;
  return `${answer}${reasons[reason ?? ""] ?? reason ?? "failed"}`;
}
