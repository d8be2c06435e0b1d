/** The least length of an HS256 secret: that of the hash (RFC 7518 §3.2). */
export const shortestSecretBytes = 32;
/** Of Standard Webhooks, behind the prefix and encoded. */
const webhookSecretBytes = { least: 24, most: 64 };
const webhookSecretPrefix = "whsec_";
/** Between two secrets. */
const separators = /[\s,]+/;

/**
 * Reads one secret, or two while the first takes the place of the second; undefined when it is neither or one is too
 * short.
 */
export function parseSecrets(text: string): readonly string[] | undefined {
  const secrets = text.split(separators);
  const areLongEnough = secrets.every((secret) => Buffer.byteLength(secret) >= shortestSecretBytes);
  return secrets.length <= 2 && areLongEnough ? secrets : undefined;
}

/** Reads a secret as Standard Webhooks writes one, `whsec_` and 24 to 64 bytes in base64; undefined for anything else. */
export function parseWebhookSecret(text: string): Uint8Array | undefined {
  if (!text.startsWith(webhookSecretPrefix)) return undefined;
  const encoded = text.slice(webhookSecretPrefix.length);
  const secret = Buffer.from(encoded, "base64");
  // Buffer skips what is no base64. Some write the padding, some do not.
  const canonical = secret.toString("base64");
  if (encoded !== canonical && encoded !== canonical.replace(/=+$/, "")) return undefined;
  return secret.length >= webhookSecretBytes.least && secret.length <= webhookSecretBytes.most ? secret : undefined;
}

/** Likewise one, or two while one takes the place of the other. */
export function parseWebhookSecrets(text: string): readonly Uint8Array[] | undefined {
  const texts = text.split(separators);
  const secrets = texts.map(parseWebhookSecret).filter((secret) => secret !== undefined);
  return texts.length <= 2 && secrets.length === texts.length ? secrets : undefined;
}

/** Without a user in it: what is wrong with a setting is told with its value. */
export function isHttpUrl(text: string): boolean {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  return url !== null && url.username === "" && url.password === "";
}

/** What has a scheme is no path. */
export function isUrlOrPath(text: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return isHttpUrl(text);
  return isPath(text);
}

export function isPath(text: string): boolean {
  return text.trim() !== "" && !text.includes("\0");
}

/** As it stands in a token, to be compared. */
export function isClaim(text: string): boolean {
  return text !== "" && text.trim() === text;
}
