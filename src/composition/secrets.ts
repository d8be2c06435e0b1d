import type { AuthOptions } from "../auth/auth-options.ts";
import { createDataFolder } from "../storage/data-folder.ts";
import { secretIn } from "../storage/secrets-file.ts";

const secretBytes = 32;

/**
 * What the server signs its tokens with, and believes: those that it is given, else one of its own, which is kept in the
 * folder. Without a folder it ends with the process.
 */
export function signingSecrets(
  { secrets }: Pick<AuthOptions, "secrets">,
  folder: string | undefined,
): readonly string[] {
  if (secrets.length > 0) return secrets;
  const generate = () => randomBytes().toBase64({ alphabet: "base64url", omitPadding: true });
  if (folder === undefined) return [generate()];
  createDataFolder(folder);
  return [secretIn(folder, "auth.secret", generate).text];
}

/** Likewise for what it asks the application; in the form of Standard Webhooks. */
export function webhookSecret(folder: string): string {
  createDataFolder(folder);
  return secretIn(folder, "auth.webhook-secret", () => `whsec_${randomBytes().toBase64()}`).text;
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(secretBytes));
}
