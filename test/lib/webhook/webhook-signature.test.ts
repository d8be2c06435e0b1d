import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { signWebhook } from "../../../src/lib/webhook/webhook-signature.ts";

const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, index) => (index * 37) % 256));
const written = (length: number) => `whsec_${bytes(length).toString("base64")}`;

describe("a signed message", () => {
  const now = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ room: "notes 日本", token: null });
  const message = { id: "a-message", timestamp: now, body };

  test("is verified by the libraries of Standard Webhooks", () => {
    const headers = signWebhook(message, [bytes(32)]);
    expect(new Webhook(written(32)).verify(body, headers)).toEqual({ room: "notes 日本", token: null });
  });

  test("is rejected if the body, the id, the time or the secret differs", () => {
    const headers = signWebhook(message, [bytes(32)]);
    const receiver = new Webhook(written(32));
    expect(() => receiver.verify(body.replace("notes", "other"), headers)).toThrow("No matching signature");
    expect(() => receiver.verify(body, { ...headers, "webhook-id": "another" })).toThrow("No matching signature");
    const later = { ...headers, "webhook-timestamp": String(now + 1) };
    expect(() => receiver.verify(body, later)).toThrow("No matching signature");
    expect(() => new Webhook(written(33)).verify(body, headers)).toThrow("No matching signature");
  });

  test("has a signature for each secret, so that either verifies it", () => {
    const headers = signWebhook(message, [bytes(32), bytes(48)]);
    for (const length of [32, 48]) {
      expect(new Webhook(written(length)).verify(body, headers)).toMatchObject({ token: null });
    }
  });

  test("is known down to its bytes", () => {
    const headers = signWebhook({ id: "msg_1", timestamp: 1_674_087_231, body: '{"room":"a"}' }, [bytes(24)]);
    // openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64
    expect(headers).toEqual({
      "webhook-id": "msg_1",
      "webhook-timestamp": "1674087231",
      "webhook-signature": "v1,Bd+mgOuM3L9+JXnDYUtLnzokrKu1q4KV0goLC5nXHMM=",
    });
  });
});
