import { parseWebhookSecret } from "../config/auth-settings.ts";
import type { EndpointSecret } from "../storage/webhook-store.ts";

const secretBytes = 32;

/** A new secret of Standard Webhooks. */
export function generateSecret(): string {
  return `whsec_${crypto.getRandomValues(new Uint8Array(secretBytes)).toBase64()}`;
}

/** The secrets that sign at this time, decoded, the newest first. */
export function signingSecrets(secrets: readonly EndpointSecret[], now: number): readonly Uint8Array[] {
  return secrets
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .flatMap(({ secret }) => parseWebhookSecret(secret) ?? []);
}

/** The secrets with a new one. The former newest signs beside it until `until`; older ones cease to sign. */
export function rotatedSecrets(secrets: readonly EndpointSecret[], until: number): readonly EndpointSecret[] {
  const [former] = secrets;
  const newest = { secret: generateSecret(), expiresAt: undefined };
  return former === undefined ? [newest] : [newest, { ...former, expiresAt: until }];
}
