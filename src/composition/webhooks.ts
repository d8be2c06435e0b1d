import { lookup } from "node:dns/promises";
import packageJson from "../../package.json" with { type: "json" };
import type { DocumentContent } from "../documents/edits/document-content.ts";
import type { WebhookStore } from "../storage/webhook-store.ts";
import type { ContentReader } from "../webhooks/included-content.ts";
import { webhookRoutes } from "../webhooks/routes/webhook-routes.ts";
import { Sender } from "../webhooks/sender.ts";
import { Webhooks } from "../webhooks/webhooks.ts";
import type { Part } from "./part.ts";
import type { Relay } from "./relay.ts";
import type { PartDependencies, ServerOptions } from "./server-options.ts";

const jobs = { json: "json", text: "texts" } as const;

export interface WebhooksPartOptions
  extends Pick<PartDependencies, "bus" | "clock" | "lead" | "limits" | "log" | "metrics">,
    Pick<ServerOptions, "webhooks"> {
  readonly relay: Pick<Relay, "changes" | "events">;
  readonly content: Pick<DocumentContent, "read">;
}

/** Opens the part of a server that tells applications of changes. Rejects with `StoreError`. */
export async function openWebhooks(store: WebhookStore, options: WebhooksPartOptions): Promise<Part> {
  const { bus, clock, lead, limits } = options;
  const shared = bus && lead && { bus, lead };
  // A reload changes them in place.
  const policy = { allowed: options.webhooks.allowedAddresses, lookup: addressesOf };
  const schedule = { delaysMs: options.webhooks.retryDelaysMs, random: Math.random };
  const sender = new Sender(Object.assign(policy, { clock, limits, userAgent: `Yurt/${packageJson.version}` }));
  const readContent: ContentReader = async (document, form, signal) => {
    const request = { document, job: { kind: jobs[form] }, source: "webhooks", counted: "webhooks", signal };
    const found = await options.content.read(request);
    return found && { sequence: found.sequence, body: await found.body.bytes() };
  };
  const webhooks = await Webhooks.open({ ...options, ...options.relay, shared, store, sender, schedule, readContent });
  return {
    api: webhookRoutes({ webhooks, targets: policy, limits }),
    reload: ({ webhooks: { allowedAddresses, retryDelaysMs } }) => {
      policy.allowed = allowedAddresses;
      schedule.delaysMs = retryDelaysMs;
    },
    [Symbol.asyncDispose]: () => webhooks.close(),
  };
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
