import type { WebhookFacts, WebhookSettings } from "../../../../client/webhook-endpoints.ts";

/** The fields of the form, as they are typed. */
export interface WebhookFields {
  readonly url: string;
  readonly description: string;
  /** One name or pattern in each line. */
  readonly documents: string;
  readonly events: readonly string[];
  readonly include: "" | "json" | "text";
  readonly debounceSeconds: string;
  readonly maxWaitSeconds: string;
}

export const newWebhook: WebhookFields = {
  url: "",
  description: "",
  documents: "**",
  events: ["doc.updated"],
  include: "",
  debounceSeconds: "2",
  maxWaitSeconds: "10",
};

export function fieldsOf(webhook: WebhookFacts): WebhookFields {
  const { debounceMs, description, documents, events, include, maxWaitMs, url } = webhook;
  return {
    url,
    description,
    documents: documents.join("\n"),
    events,
    include: include ?? "",
    debounceSeconds: String(debounceMs / 1_000),
    maxWaitSeconds: String(maxWaitMs / 1_000),
  };
}

/** The settings for the server, which checks them. */
export function settingsOf(fields: WebhookFields): Omit<WebhookSettings, "enabled"> {
  const { debounceSeconds, description, documents, events, include, maxWaitSeconds, url } = fields;
  const patterns = documents
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return {
    url: url.trim(),
    description: description.trim(),
    documents: patterns,
    events,
    include: include === "" ? null : include,
    debounceMs: Math.round(Number(debounceSeconds) * 1_000),
    maxWaitMs: Math.round(Number(maxWaitSeconds) * 1_000),
  };
}

/** Why the form cannot be sent, as a sentence; undefined if it can. */
export function faultOf(fields: WebhookFields): string | undefined {
  const { debounceMs, documents, events, maxWaitMs } = settingsOf(fields);
  if (events.length === 0) return "Choose at least one event.";
  if (documents.length === 0) return "Enter at least one name or pattern: ** matches all documents.";
  if (!Number.isFinite(debounceMs) || !Number.isFinite(maxWaitMs)) return "Enter the times in seconds.";
  return undefined;
}
