/** The minimum length of an HS256 secret is that of the hash (RFC 7518 §3.2). */
export const shortestSecretBytes = 32;
const webhookSecretPrefix = "whsec_";
/** Standard Webhooks prescribes 24 to 64 bytes, in base64 after the prefix. */
const webhookSecretBytes = { min: 24, max: 64 };

/** At most two: the old and the new secret during a rotation. */
const maxSecrets = 2;

/** One token signing secret, or two; undefined for anything else, and when one is too short. */
export function parseSecrets(texts: readonly string[]): readonly string[] | undefined {
  const areLongEnough = texts.every((secret) => Buffer.byteLength(secret) >= shortestSecretBytes);
  return texts.length >= 1 && texts.length <= maxSecrets && areLongEnough ? texts : undefined;
}

/** One webhook secret, or two; undefined for anything else. */
export function parseWebhookSecrets(texts: readonly string[]): readonly Uint8Array[] | undefined {
  const secrets = texts.map(parseWebhookSecret).filter((secret) => secret !== undefined);
  const areValid = secrets.length === texts.length;
  return texts.length >= 1 && texts.length <= maxSecrets && areValid ? secrets : undefined;
}

/**
 * Reads a secret as Standard Webhooks writes one: `whsec_` and 24 to 64 bytes in base64. Undefined for anything else.
 */
export function parseWebhookSecret(text: string): Uint8Array | undefined {
  if (!text.startsWith(webhookSecretPrefix)) return undefined;
  const encoded = text.slice(webhookSecretPrefix.length);
  const secret = Buffer.from(encoded, "base64");
  // Buffer skips characters that are not base64. The padding is optional.
  const canonical = secret.toString("base64");
  if (encoded !== canonical && encoded !== canonical.replace(/=+$/, "")) return undefined;
  return secret.length >= webhookSecretBytes.min && secret.length <= webhookSecretBytes.max ? secret : undefined;
}
