import { type LimitValues, limits } from "../config/limit.ts";

/** Bounds on change webhooks. */
export const webhookLimits = limits({
  changeWebhooks: {
    default: 100,
    unit: "count",
    help: "change webhooks of the server",
    beyond: "409",
  },
  changeWebhookRequests: {
    default: 16,
    unit: "count",
    help: "requests to one change webhook at the same time, each about another document; one while it fails",
  },
  changeWebhookMs: {
    default: 10_000,
    unit: "ms",
    help: "the answer of a change webhook",
    beyond: "a failed attempt",
  },
  changeWebhookDocuments: {
    default: 10_000,
    unit: "count",
    help: "documents in memory that wait for one change webhook; the others are looked up later",
  },
});

export type WebhookLimits = LimitValues<typeof webhookLimits>;
