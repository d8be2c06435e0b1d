import * as v from "valibot";
import { roomPattern } from "../auth/identifiers.ts";
import { contentForms, eventTypes, type StoredEndpoint } from "../storage/webhook-store.ts";
import type { Attempt } from "./recent-deliveries.ts";
import type { Outcome } from "./sender.ts";
import type { Delivery } from "./webhooks.ts";

const maxUrlLength = 2_048;
const maxDescriptionLength = 500;
const maxPatterns = 100;
const maxWaitMs = 3_600_000;
const maxOverlapSeconds = 30 * 86_400;

const httpUrl = v.pipe(
  v.string("give an https:// URL"),
  v.maxLength(maxUrlLength, `give at most ${maxUrlLength} characters`),
  v.check(isHttpUrl, "give an https:// URL without a user and a fragment"),
);
const milliseconds = v.pipe(
  v.number(`give milliseconds from 0 to ${maxWaitMs}`),
  v.integer(`give milliseconds from 0 to ${maxWaitMs}`),
  v.minValue(0, `give milliseconds from 0 to ${maxWaitMs}`),
  v.maxValue(maxWaitMs, `give milliseconds from 0 to ${maxWaitMs}`),
);
const type = v.picklist(eventTypes, `give types among ${eventTypes.join(", ")}`);

const settings = {
  description: v.pipe(v.string("give a text"), v.maxLength(maxDescriptionLength)),
  events: v.pipe(v.array(type), v.minLength(1, "name at least one event"), v.maxLength(eventTypes.length)),
  documents: v.pipe(v.array(roomPattern), v.minLength(1, "name at least one pattern"), v.maxLength(maxPatterns)),
  include: v.nullable(v.picklist(contentForms, `give ${contentForms.join(", ")} or null`)),
  debounceMs: milliseconds,
  maxWaitMs: milliseconds,
  enabled: v.boolean("give true or false"),
};

/** The body of a request that adds a webhook. */
export const newWebhook = v.pipe(
  v.strictObject({
    url: httpUrl,
    description: v.optional(settings.description, ""),
    events: v.optional(settings.events, ["doc.updated"]),
    documents: v.optional(settings.documents, ["**"]),
    include: v.optional(settings.include, null),
    debounceMs: v.optional(settings.debounceMs, 2_000),
    maxWaitMs: v.optional(settings.maxWaitMs, 10_000),
    enabled: v.optional(settings.enabled, true),
  }),
  v.title("NewWebhook"),
);

/** The body of a request that changes one: members that are missing stay as they are. */
export const webhookChange = v.pipe(v.partial(v.strictObject({ url: httpUrl, ...settings })), v.title("WebhookChange"));

export const rotation = v.pipe(
  v.strictObject({
    overlapSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maxOverlapSeconds)), 86_400),
  }),
  v.title("Rotation"),
);

const time = v.pipe(v.string(), v.isoTimestamp());

const webhookEntries = {
  id: v.string(),
  url: v.string(),
  ...settings,
  disabled: v.nullable(v.object({ reason: v.picklist(["request", "gone", "failing"]), at: time })),
  failingSince: v.nullable(v.pipe(time, v.description("All attempts have failed since; null if the last one has not"))),
  createdAt: time,
};

/** A webhook, without its secrets. */
export const shownWebhook = v.pipe(v.object(webhookEntries), v.title("Webhook"));

/** A webhook with its newest secret, which is shown this once. */
export const webhookWithSecret = v.pipe(
  v.object({ ...webhookEntries, secret: v.pipe(v.string(), v.description("Shown this once")) }),
  v.title("WebhookWithSecret"),
);

const attemptEntries = {
  outcome: v.picklist(["delivered", "gone", "failed", "interrupted"]),
  status: v.nullable(v.pipe(v.number(), v.description("The status of the answer; null if there was none"))),
  reason: v.nullable(v.pipe(v.string(), v.description("Why it has failed"))),
  durationMs: v.number(),
};

export const shownAttempt = v.pipe(v.object(attemptEntries), v.title("WebhookAttempt"));

export const shownDelivery = v.pipe(
  v.object({
    id: v.pipe(v.string(), v.description("The header webhook-id")),
    type: v.string(),
    document: v.string(),
    state: v.picklist(["waiting", "delivered", "gave-up"]),
    failures: v.pipe(v.number(), v.integer()),
    nextAttemptAt: v.nullable(time),
    lastAttempt: v.nullable(v.object({ ...attemptEntries, at: time })),
  }),
  v.title("WebhookDelivery"),
);

export function showWebhook(endpoint: StoredEndpoint): v.InferOutput<typeof shownWebhook> {
  const { createdAt, debounceMs, description, disabled, documents, events, failingSince, id, maxWaitMs, url } =
    endpoint;
  const { include = null } = endpoint;
  return {
    id,
    url,
    description,
    events: [...events],
    documents: [...documents],
    include,
    debounceMs,
    maxWaitMs,
    enabled: disabled === undefined,
    disabled: disabled === undefined ? null : { reason: disabled.reason, at: shownTime(disabled.at) },
    failingSince: failingSince === undefined ? null : shownTime(failingSince),
    createdAt: shownTime(createdAt),
  };
}

export function showAttempt(outcome: Outcome, durationMs: number): v.InferOutput<typeof shownAttempt> {
  return {
    outcome: outcome.kind,
    status: ("status" in outcome ? outcome.status : undefined) ?? null,
    reason: outcome.kind === "failed" ? outcome.reason : null,
    durationMs: Math.round(durationMs),
  };
}

export function showDelivery({ last, message, state }: Delivery): v.InferOutput<typeof shownDelivery> {
  const { attempts, document, dueAt, id, type: event } = message;
  return {
    id,
    type: event,
    document,
    state,
    failures: attempts,
    nextAttemptAt: state === "waiting" && dueAt !== undefined ? shownTime(dueAt) : null,
    lastAttempt: last === undefined ? null : showLast(last),
  };
}

function showLast({ at, durationMs, outcome }: Attempt) {
  return { ...showAttempt(outcome, durationMs), at: shownTime(at) };
}

function shownTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

function isHttpUrl(text: string): boolean {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  return url !== null && url.username === "" && url.password === "" && url.hash === "";
}
