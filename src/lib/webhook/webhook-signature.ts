import { createHmac } from "node:crypto";

export interface WebhookMessage {
  /** The message id, without a full stop, which separates it from the timestamp in the signed content. */
  readonly id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The headers with which the receiver verifies a message's sender and time.
 *
 * Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers": there is one signature for each secret, so that a
 * secret can be replaced while the receiver still has the old one.
 */
export function signWebhook(message: WebhookMessage, secrets: readonly Uint8Array[]): Readonly<Record<string, string>> {
  const { id, timestamp, body } = message;
  const content = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map((secret) => `v1,${createHmac("sha256", secret).update(content).digest("base64")}`);
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signatures.join(" ") };
}
