import { expect, test } from "bun:test";
import { YurtClient } from "../../src/client/client.ts";
import { verifyWebhook, type WebhookMessage } from "../../src/client/webhooks.ts";
import { startApiServer } from "../support/api/api-server.ts";
import { eventually } from "../support/eventually.ts";
import { WebhookApplication } from "../support/servers/webhook-application.ts";

test("a webhook is added, its messages are verified with the old and the new secret, sent again, and it is removed", async () => {
  await using api = await startApiServer();
  const yurt = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] });
  const received: (WebhookMessage | Error)[] = [];
  let secret = "";
  await using application = new WebhookApplication(async ({ body, headers }) => {
    received.push(
      await verifyWebhook({ body, headers }, { secret }).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      ),
    );
    return new Response(null, { status: 204 });
  });
  const url = application.url.href;
  const created = await yurt.webhooks.create({ url, debounceMs: 0, maxWaitMs: 0, documents: ["notes/*"] });
  secret = created.secret;
  expect(await yurt.webhooks.test(created.id)).toMatchObject({ outcome: "delivered", status: 204 });
  const document = yurt.document("notes/1");
  await document.content.put({ text: "one" }, { as: "auto" });
  await eventually("updated", () => received.length === 2);
  const [ping, updated] = received;
  expect(ping).toMatchObject({ type: "ping", data: { webhook: created.id } });
  expect(updated).toMatchObject({ type: "doc.updated", data: { document: "notes/1", sequence: 1 } });
  const rotated = await yurt.webhooks.rotateSecret(created.id);
  await yurt.webhooks.test(created.id);
  secret = rotated.secret;
  await yurt.webhooks.test(created.id);
  expect(received.slice(2)).toEqual([
    expect.objectContaining({ type: "ping" }),
    expect.objectContaining({ type: "ping" }),
  ]);
  const [delivery] = await yurt.webhooks.deliveries(created.id);
  expect(delivery).toMatchObject({ type: "doc.updated", document: "notes/1", state: "delivered" });
  await yurt.webhooks.redeliver(created.id, delivery?.id ?? "");
  await eventually("sent again", () => received.length === 5);
  expect(received.at(-1)).toEqual(updated);
  expect(await yurt.webhooks.change(created.id, { enabled: false })).toMatchObject({ enabled: false });
  expect(await yurt.webhooks.get(created.id)).toMatchObject({ disabled: { reason: "request" } });
  expect(await yurt.webhooks.list()).toHaveLength(1);
  await yurt.webhooks.delete(created.id);
  expect(await yurt.webhooks.list()).toEqual([]);
});
