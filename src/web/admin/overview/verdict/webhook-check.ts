import type { WebhookFacts } from "../../../../client/webhook-endpoints.ts";
import { formatCount, formatDuration } from "../../parts/formats.ts";
import { type Check, type Finding, found, passed, unused } from "./check.ts";
import { thresholds } from "./thresholds.ts";

const label = "Webhooks";

/** The webhooks that have failed for some time, and those that the server has disabled. */
export function webhookCheck(webhooks: readonly WebhookFacts[], now: number): Check {
  if (webhooks.length === 0) return unused(label, "None");
  const findings = webhooks.flatMap((webhook) => findingsOf(webhook, now));
  const enabled = webhooks.filter(({ disabled }) => disabled === null).length;
  const value = `${formatCount(enabled)} of ${formatCount(webhooks.length)} enabled`;
  return findings.length === 0 ? passed(label, value) : found(label, value, findings);
}

function findingsOf({ disabled, failingSince, id, url }: WebhookFacts, now: number): readonly Finding[] {
  const common = {
    id: `webhook: ${id}`,
    tone: "busy",
    link: { label: "Show the webhook", view: "settings", path: ["webhooks", id] },
    explains: ["change-webhook-disabled"],
  } as const;
  const host = URL.canParse(url) ? new URL(url).host : url;
  if (disabled?.reason === "failing" || disabled?.reason === "gone") {
    const why = disabled.reason === "gone" ? "the application answered 410" : "it failed for days";
    const remedy = "It gets no messages. Fix the application and enable the webhook, or delete it.";
    return [{ ...common, title: `The webhook to ${host} is disabled: ${why}`, remedy }];
  }
  const failingMs = failingSince === null ? 0 : now - Date.parse(failingSince);
  if (disabled !== null || failingMs < thresholds.webhookMs) return [];
  const remedy = "Its messages wait, and are sent again later. The latest attempts show the reason.";
  return [{ ...common, title: `The webhook to ${host} has failed for ${formatDuration(failingMs)}`, remedy }];
}
