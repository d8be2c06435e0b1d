import * as v from "valibot";
import { jsonBody, optionalJsonBody } from "../../api/bodies.ts";
import { type Caller, demandNoPrefix } from "../../api/caller.ts";
import type { ApiLimits } from "../../api/limits.ts";
import { Problem } from "../../api/problems.ts";
import { json, noContent, type Route, type RouteDefinition, route } from "../../api/route.ts";
import type { StoredEndpoint } from "../../storage/webhook-store.ts";
import { findTarget, type TargetFault, type TargetPolicy } from "../target.ts";
import {
  newWebhook,
  rotation,
  showAttempt,
  showDelivery,
  shownAttempt,
  shownDelivery,
  shownWebhook,
  showWebhook,
  webhookChange,
  webhookWithSecret,
} from "../webhook-schemas.ts";
import type { Webhooks } from "../webhooks.ts";

export interface WebhookRoutesOptions {
  readonly webhooks: Webhooks;
  readonly targets: TargetPolicy;
  readonly limits: Pick<ApiLimits, "apiJsonBytes">;
}

type Definition = Pick<RouteDefinition<never, never>, "tag" | "needs" | "pathParameters" | "problems">;

const common = { tag: "Webhooks", needs: "docs:admin" } as const satisfies Definition;
const ofOne = {
  ...common,
  pathParameters: { webhook: "The id of the webhook", message: "The id of the message" },
  problems: ["no-such-webhook"],
} as const satisfies Definition;

const list = v.pipe(v.object({ items: v.array(shownWebhook) }), v.title("Webhooks"));
const deliveries = v.pipe(v.object({ items: v.array(shownDelivery) }), v.title("WebhookDeliveries"));

/** The routes that manage change webhooks. */
export function webhookRoutes({ limits, targets, webhooks }: WebhookRoutesOptions): readonly Route[] {
  const maxBytes = () => limits.apiJsonBytes;
  return [
    route({
      ...common,
      method: "get",
      path: "/v1/webhooks",
      id: "listWebhooks",
      summary: "List the webhooks",
      answers: { 200: { description: "All webhooks, without their secrets", json: list } },
      handle: ({ caller }) => {
        demandAll(caller);
        return json({ items: webhooks.endpoints.map(showWebhook) });
      },
    }),
    route({
      ...common,
      method: "post",
      path: "/v1/webhooks",
      id: "createWebhook",
      summary: "Add a webhook",
      description: "The webhook gets the events from now on.",
      body: jsonBody(newWebhook, { description: "The webhook", maxBytes }),
      answers: { 201: { description: "The webhook, with its secret", json: webhookWithSecret } },
      problems: ["url-not-allowed", "too-many-webhooks"],
      handle: async ({ body, caller }) => {
        demandAll(caller);
        demandOrder(body);
        await demandTarget(body.url, targets);
        const { enabled, include, ...settings } = body;
        const created = await webhooks.create({ ...settings, include: include ?? undefined, isEnabled: enabled });
        if (created === undefined)
          throw new Problem("too-many-webhooks", "Remove a webhook, or raise limits.change-webhooks.");
        return json(withSecret(created), 201, { location: `/v1/webhooks/${created.id}` });
      },
    }),
    route({
      ...ofOne,
      method: "get",
      path: "/v1/webhooks/{webhook}",
      id: "getWebhook",
      summary: "Get a webhook",
      answers: { 200: { description: "The webhook, without its secrets", json: shownWebhook } },
      handle: ({ caller, path }) => {
        demandAll(caller);
        return json(showWebhook(found(webhooks.find(idIn(path)))));
      },
    }),
    route({
      ...ofOne,
      method: "patch",
      path: "/v1/webhooks/{webhook}",
      id: "changeWebhook",
      summary: "Change a webhook, disable or enable it",
      description: "Updates that came while it was disabled are reported when it is enabled; other events are not.",
      body: jsonBody(webhookChange, { description: "The members to change", maxBytes }),
      answers: { 200: { description: "The webhook, without its secrets", json: shownWebhook } },
      problems: [...ofOne.problems, "url-not-allowed"],
      handle: async ({ body, caller, path }) => {
        demandAll(caller);
        const id = idIn(path);
        demandOrder({ ...found(webhooks.find(id)), ...withoutAbsent(body) });
        if (body.url !== undefined) await demandTarget(body.url, targets);
        const { enabled, include, ...settings } = withoutAbsent(body);
        const isEnabled = enabled === undefined ? {} : { isEnabled: enabled };
        const included = include === undefined ? {} : { include: include ?? undefined };
        return json(showWebhook(found(await webhooks.change(id, { ...settings, ...included, ...isEnabled }))));
      },
    }),
    route({
      ...ofOne,
      method: "delete",
      path: "/v1/webhooks/{webhook}",
      id: "deleteWebhook",
      summary: "Remove a webhook, with the messages that wait for it",
      answers: { 204: { description: "It is removed" } },
      handle: async ({ caller, path }) => {
        demandAll(caller);
        if (!(await webhooks.remove(idIn(path)))) throw noSuchWebhook();
        return noContent();
      },
    }),
    route({
      ...ofOne,
      method: "post",
      path: "/v1/webhooks/{webhook}/rotate-secret",
      id: "rotateWebhookSecret",
      summary: "Give a webhook a new secret",
      description: "Messages are signed with both secrets for `overlapSeconds`, by default a day.",
      body: optionalJsonBody(rotation, { description: "How long the former secret signs as well", maxBytes }),
      answers: { 200: { description: "The webhook, with its new secret", json: webhookWithSecret } },
      handle: async ({ body, caller, path }) => {
        demandAll(caller);
        return json(withSecret(found(await webhooks.rotate(idIn(path), body.overlapSeconds * 1_000))));
      },
    }),
    route({
      ...ofOne,
      method: "post",
      path: "/v1/webhooks/{webhook}/test",
      id: "testWebhook",
      summary: "Send a `ping` to a webhook, and tell what has become of it",
      description: "One attempt is made, also if the webhook is disabled.",
      answers: { 200: { description: "The outcome", json: shownAttempt } },
      handle: async ({ caller, keepOpen, path }) => {
        demandAll(caller);
        keepOpen();
        const { durationMs, outcome } = found(await webhooks.test(idIn(path)));
        return json(showAttempt(outcome, durationMs));
      },
    }),
    route({
      ...ofOne,
      method: "get",
      path: "/v1/webhooks/{webhook}/deliveries",
      id: "listWebhookDeliveries",
      summary: "List the messages to a webhook",
      description:
        "Those that wait or were given up, the oldest first, then the last ones that were delivered since the server started; 100 of each at most.",
      answers: { 200: { description: "The messages", json: deliveries } },
      handle: async ({ caller, path }) => {
        demandAll(caller);
        return json({ items: found(await webhooks.deliveries(idIn(path))).map(showDelivery) });
      },
    }),
    route({
      ...ofOne,
      method: "post",
      path: "/v1/webhooks/{webhook}/deliveries/{message}/redeliver",
      id: "redeliverWebhookMessage",
      summary: "Send a message again, byte for byte",
      description: "It may have been given up or delivered, or wait for its next attempt.",
      answers: { 202: { description: "It is sent in its document's turn" } },
      problems: [...ofOne.problems, "no-such-message"],
      handle: async ({ caller, path }) => {
        demandAll(caller);
        found(webhooks.find(idIn(path)));
        if (await webhooks.redeliver(idIn(path), path["message"] ?? ""))
          return new Response(null, { status: 202, headers: { "cache-control": "no-store" } });
        throw new Problem("no-such-message", "GET /v1/webhooks/{webhook}/deliveries lists the messages that are kept.");
      },
    }),
  ];
}

/** A webhook is told of documents that a key with a prefix may not see. */
function demandAll(caller: Caller): void {
  demandNoPrefix(caller, "webhooks may concern every document");
}

function demandOrder({ debounceMs, maxWaitMs }: Pick<StoredEndpoint, "debounceMs" | "maxWaitMs">): void {
  if (debounceMs <= maxWaitMs) return;
  throw new Problem("invalid-request", "The body does not have the form that this route expects.", {
    errors: [{ pointer: "/maxWaitMs", detail: "give at least debounceMs" }],
  });
}

const faults: Readonly<Partial<Record<TargetFault, string>>> = {
  "address-not-allowed":
    "The URL leads to this machine or a private network. Allow its address with webhooks.allowed-addresses.",
  "http-not-allowed": "Give an https:// URL: http:// is only for addresses in webhooks.allowed-addresses.",
};

/** A name that cannot be looked up now may be there later. */
async function demandTarget(url: string, targets: TargetPolicy): Promise<void> {
  const target = await findTarget(new URL(url), targets);
  const fault = typeof target === "string" ? faults[target] : undefined;
  if (fault === undefined) return;
  throw new Problem("url-not-allowed", fault, { errors: [{ pointer: "/url", detail: fault }] });
}

function withSecret(endpoint: StoredEndpoint) {
  return { ...showWebhook(endpoint), secret: endpoint.secrets[0]?.secret };
}

function idIn(path: Readonly<Record<string, string>>): string {
  return path["webhook"] ?? "";
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw noSuchWebhook();
  return value;
}

function noSuchWebhook(): Problem {
  return new Problem("no-such-webhook", "There is no webhook with this id.");
}

/** The members that are given: a missing one would replace a setting by undefined. */
function withoutAbsent<T extends object>(members: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  // Object.fromEntries forgets the names.
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
