import { parseWebhookSecret, shortestSecretBytes } from "../config/auth-settings.ts";
import { createDataFolder } from "./data-folder.ts";
import { loadOrCreateSecret, SecretsFileUnreadable } from "./secrets-file.ts";

/**
 * The secrets that sign and verify the server's tokens: the given ones, else one that the server generates and keeps in
 * the data folder. Without a folder it lasts as long as the process.
 *
 * Throws `SecretsFileUnreadable` or the system's error.
 */
export function signingSecrets(given: readonly string[], folder: string | undefined): readonly string[] {
  if (given.length > 0) return given;
  const generate = () => randomBytes().toBase64({ alphabet: "base64url", omitPadding: true });
  if (folder === undefined) return [generate()];
  createDataFolder(folder);
  const { text } = loadOrCreateSecret(folder, "auth.secret", generate);
  if (Buffer.byteLength(text) >= shortestSecretBytes) return [text];
  throw new SecretsFileUnreadable(folder, `holds an "auth.secret" of less than ${shortestSecretBytes} bytes`);
}

/** As `signingSecrets`, for the secrets that sign requests to the application's webhook; decoded. */
export function webhookSecrets(given: readonly Uint8Array[], folder: string): readonly Uint8Array[] {
  if (given.length > 0) return given;
  createDataFolder(folder);
  const { text } = loadOrCreateSecret(folder, "auth.webhook-secret", () => `whsec_${randomBytes().toBase64()}`);
  const secret = parseWebhookSecret(text);
  if (secret !== undefined) return [secret];
  throw new SecretsFileUnreadable(folder, 'holds an "auth.webhook-secret" that is not a Standard Webhooks secret');
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(shortestSecretBytes));
}
