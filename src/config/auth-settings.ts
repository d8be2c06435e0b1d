/** RFC 7518 §3.2: a key of HS256 is at least as long as its hash. */
const secretBytes = 32;
/** Of Standard Webhooks, behind the prefix and encoded. */
const webhookSecretBytes = { least: 24, most: 64 };
const webhookSecretPrefix = "whsec_";

/**
 * Reads one secret, or two while the first takes the place of the second; undefined when it is neither or one is too
 * short.
 */
export function parseSecrets(text: string): readonly string[] | undefined {
  const secrets = text.split(/[\s,]+/);
  const areLongEnough = secrets.every((secret) => Buffer.byteLength(secret) >= secretBytes);
  return secrets.length <= 2 && areLongEnough ? secrets : undefined;
}

export function isWebhookSecret(text: string): boolean {
  if (!text.startsWith(webhookSecretPrefix)) return false;
  const encoded = text.slice(webhookSecretPrefix.length);
  const bytes = Buffer.from(encoded, "base64");
  // Buffer skips what is no base64. Some write the padding, some do not.
  const canonical = bytes.toString("base64");
  const isWhole = encoded === canonical || encoded === canonical.replace(/=+$/, "");
  return isWhole && bytes.length >= webhookSecretBytes.least && bytes.length <= webhookSecretBytes.most;
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
