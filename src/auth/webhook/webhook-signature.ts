import { createHmac } from "node:crypto";

export interface WebhookMessage {
  /** Without a full stop, as it ends there in what is signed. */
  readonly id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The headers by which the receiver knows who has sent a message, and when.
 *
 * Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers": one signature for each secret, so that a secret can
 * be replaced while the receiver still knows the old one.
 */
export function signWebhook(message: WebhookMessage, secrets: readonly Uint8Array[]): Readonly<Record<string, string>> {
  const { id, timestamp, body } = message;
  const content = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map((secret) => `v1,${createHmac("sha256", secret).update(content).digest("base64")}`);
  return { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signatures.join(" ") };
}
