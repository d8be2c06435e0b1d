import type { AccessRequest } from "../../../src/auth/authorizer.ts";
import { WebhookPolicy } from "../../../src/auth/webhook/webhook-policy.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { parseWebhookSecret } from "../../../src/config/auth-settings.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createLog } from "../../../src/ops/log.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type Answer, WebhookApplication } from "./webhook-application.ts";

/** The secret in the form in which the application has it. */
export const secretText = `whsec_${Buffer.alloc(32, "k").toString("base64")}`;
const secret = parseWebhookSecret(secretText) ?? new Uint8Array();

export interface WebhookParts {
  readonly url: URL;
  readonly limits?: Partial<Limits>;
}

/** A policy whose clock the test advances. */
export function openWebhookPolicy({ url, limits }: WebhookParts) {
  const clock = new FakeClock(Date.now());
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => lines.push(line) } });
  const policy = new WebhookPolicy({
    url,
    secrets: [secret],
    addresses: new CountedAddresses(),
    limits: { ...defaultLimits, ...limits },
    clock,
    log,
    metrics,
  });
  return {
    clock,
    policy,
    lines,
    /** The logged failures, as [reason, detail, omitted]. */
    failures: () =>
      lines.map((line) => JSON.parse(line)).map(({ reason, detail, omitted = 0 }) => [reason, detail, omitted]),
    requests: async () => {
      const { values } = await metrics.webhookRequests.get();
      return Object.fromEntries(values.map(({ labels, value }) => [labels["outcome"], value]));
    },
    /** The number of times that clients have met each bound. */
    bounds: async () => {
      const { values } = await metrics.bounds.get();
      return Object.fromEntries(values.map(({ labels, value }) => [labels.bound, value]));
    },
    sent: async () => {
      const { values } = await metrics.webhookDuration.get();
      return values.find(({ metricName }) => metricName === "yurt_webhook_request_seconds_count")?.value;
    },
  };
}

/** A policy whose clock the test advances, with the application that it asks. */
export async function openWebhook(answer: Answer, limits?: Partial<Limits>) {
  const application = new WebhookApplication(answer);
  return {
    application,
    ...openWebhookPolicy({ url: application.url, ...(limits && { limits }) }),
    [Symbol.asyncDispose]: () => application[Symbol.asyncDispose](),
  };
}

/** The same request each time, except for the given members. */
export function asks(room = "notes", rest: Partial<AccessRequest> = {}): AccessRequest {
  const { signal } = new AbortController();
  return { kind: "sync", room, remoteAddress: "192.0.2.1", token: "a-token", signal, ...rest };
}
