import { describe, expect, test } from "bun:test";
import type { WebhookAttempt, WebhookFacts } from "../../../../src/client/webhook-endpoints.ts";
import { eventTypes } from "../../../../src/storage/webhook-store.ts";
import { webhookEvents } from "../../../../src/web/admin/settings/webhooks/webhook-events.ts";
import {
  faultOf,
  fieldsOf,
  newWebhook,
  settingsOf,
} from "../../../../src/web/admin/settings/webhooks/webhook-fields.ts";
import { attemptText, deliveryState, webhookState } from "../../../../src/web/admin/settings/webhooks/webhook-words.ts";

const webhook: WebhookFacts = {
  id: "wh_1",
  url: "https://app.example.com/yurt",
  description: "",
  events: ["doc.updated", "doc.deleted"],
  documents: ["notes/**", "drafts/7"],
  include: "json",
  debounceMs: 1_500,
  maxWaitMs: 10_000,
  enabled: true,
  disabled: null,
  failingSince: null,
  createdAt: "2026-11-30T12:00:00.000Z",
};

test("the form offers the events of the server", () => {
  expect(webhookEvents.map(({ type }) => type).toSorted()).toEqual(eventTypes.toSorted());
});

describe("the form", () => {
  test("has the settings of a webhook, and gives them back", () => {
    const { createdAt, disabled, enabled, failingSince, id, ...settings } = webhook;
    expect(settingsOf(fieldsOf(webhook))).toEqual(settings);
  });

  test("takes a line for a name or pattern, without spaces around it and without empty lines", () => {
    expect(settingsOf({ ...newWebhook, documents: " notes/** \n\n drafts/7\n" }).documents).toEqual([
      "notes/**",
      "drafts/7",
    ]);
  });

  test.each([
    [{ events: [] }, "Choose at least one event."],
    [{ documents: " \n" }, "Enter at least one name or pattern: ** matches all documents."],
    [{ debounceSeconds: "soon" }, "Enter the times in seconds."],
    [{}, undefined],
  ])("is checked before it is sent: %j", (changed, fault) => {
    expect(faultOf({ ...newWebhook, ...changed })).toBe(fault);
  });
});

test("states are told in words", () => {
  const at = "2026-11-30T12:00:00.000Z";
  expect(webhookState(webhook)).toEqual({ label: "Enabled", tone: "good" });
  expect(webhookState({ ...webhook, failingSince: at })).toEqual({ label: "Failing", tone: "busy" });
  expect(webhookState({ ...webhook, disabled: { reason: "request", at } })).toEqual({
    label: "Disabled",
    tone: undefined,
  });
  expect(webhookState({ ...webhook, disabled: { reason: "gone", at } }).tone).toBe("away");
  expect(deliveryState({ state: "waiting", failures: 0 }).label).toBe("Waiting");
  expect(deliveryState({ state: "waiting", failures: 2 }).label).toBe("Will be sent again");
  expect(deliveryState({ state: "gave-up", failures: 9 }).tone).toBe("away");
});

test.each<[Partial<WebhookAttempt>, string]>([
  [{ outcome: "delivered", status: 204 }, "204 in 35 ms"],
  [{ outcome: "failed", status: 500, reason: "status" }, "500 the application refused it"],
  [{ outcome: "failed", reason: "timeout" }, "no answer in time"],
  [{ outcome: "failed", reason: "other" }, "other"],
  [{ outcome: "gone", status: 410 }, "410 gone"],
  [{ outcome: "interrupted" }, "interrupted by a restart"],
])("the attempt %j is %p", (attempt, text) => {
  expect(attemptText({ outcome: "failed", status: null, reason: null, durationMs: 35, ...attempt })).toBe(text);
});
