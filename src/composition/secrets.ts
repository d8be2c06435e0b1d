import type { AuthOptions } from "../auth/auth-options.ts";
import { parseWebhookSecret } from "../config/auth-settings.ts";
import { createDataFolder } from "../storage/data-folder.ts";
import { SecretsFileUnreadable, secretIn } from "../storage/secrets-file.ts";

const secretBytes = 32;

/**
 * What the server signs its tokens with, and believes: those that it is given, else one of its own, which is kept in the
 * folder. Without a folder it ends with the process. Throws `SecretsFileUnreadable` or the system's error.
 */
export function signingSecrets(
  { secrets }: Pick<AuthOptions, "secrets">,
  folder: string | undefined,
): readonly string[] {
  if (secrets.length > 0) return secrets;
  const generate = () => randomBytes().toBase64({ alphabet: "base64url", omitPadding: true });
  if (folder === undefined) return [generate()];
  createDataFolder(folder);
  const { text } = secretIn(folder, "auth.secret", generate);
  if (Buffer.byteLength(text) >= secretBytes) return [text];
  throw new SecretsFileUnreadable(folder, `holds an "auth.secret" of less than ${secretBytes} bytes`);
}

/** Likewise for what it asks the application, decoded. */
export function webhookSecret(folder: string): Uint8Array {
  createDataFolder(folder);
  const { text } = secretIn(folder, "auth.webhook-secret", () => `whsec_${randomBytes().toBase64()}`);
  const secret = parseWebhookSecret(text);
  if (secret !== undefined) return secret;
  throw new SecretsFileUnreadable(folder, 'holds an "auth.webhook-secret" that is none of Standard Webhooks');
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(secretBytes));
}
