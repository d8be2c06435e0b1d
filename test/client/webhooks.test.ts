import { expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookVerificationError } from "../../src/client/webhooks.ts";

const secret = `whsec_${btoa("a secret of thirty-two bytes, ok")}`;
const other = `whsec_${btoa("another one of thirty-two bytes.")}`;
const body = JSON.stringify({ type: "doc.updated", timestamp: "2026-01-01T00:00:00Z", data: { document: "é" } });

/** The headers of a request as the reference implementation signs it. */
function signed({ by = secret, ageSeconds = 0, text = body } = {}): Record<string, string> {
  const at = new Date(Date.now() - ageSeconds * 1_000);
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": new Webhook(by).sign("msg_1", at, text),
  };
}

async function fault(...[request, options]: Parameters<typeof verifyWebhook>): Promise<string> {
  try {
    await verifyWebhook(request, options);
    return "verified";
  } catch (error) {
    return error instanceof WebhookVerificationError ? error.code : String(error);
  }
}

test("a signed request is verified, as text or bytes, with the headers of fetch or of Node", async () => {
  const message = { id: "msg_1", type: "doc.updated", timestamp: "2026-01-01T00:00:00Z", data: { document: "é" } };
  expect(await verifyWebhook({ body, headers: signed() }, { secret })).toEqual(message);
  const bytes = new TextEncoder().encode(body);
  expect(await verifyWebhook({ body: bytes, headers: new Headers(signed()) }, { secret })).toEqual(message);
});

test("a request that is signed with any of several secrets is verified, in a rotation on either side", async () => {
  expect(await fault({ body, headers: signed({ by: other }) }, { secret: [secret, other] })).toBe("verified");
  const both = {
    ...signed(),
    "webhook-signature": `${signed({ by: other })["webhook-signature"]} ${signed()["webhook-signature"]}`,
  };
  expect(await fault({ body, headers: both }, { secret })).toBe("verified");
});

test.each<[string, Parameters<typeof verifyWebhook>[0], string]>([
  ["signed with another secret", { body, headers: signed({ by: other }) }, "bad-signature"],
  ["changed", { body: `${body} `, headers: signed() }, "bad-signature"],
  ["sent again later", { body, headers: signed({ ageSeconds: 400 }) }, "too-old"],
  ["from the future", { body, headers: signed({ ageSeconds: -400 }) }, "too-old"],
  ["without a time", { body, headers: { ...signed(), "webhook-timestamp": "soon" } }, "too-old"],
  ["not signed", { body, headers: {} }, "missing-header"],
  [
    "of another version",
    { body, headers: { ...signed(), "webhook-signature": signed()["webhook-signature"]?.replace("v1,", "v2,") } },
    "bad-signature",
  ],
  ["not JSON", { body: "hello", headers: signed({ text: "hello" }) }, "malformed-body"],
])("a request that is %s is refused", async (_, request, code) => {
  expect(await fault(request, { secret })).toBe(code);
});
