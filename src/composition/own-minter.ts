import type { AuthOptions } from "../auth/auth-options.ts";
import { tokenMinter } from "../auth/token/token-minter.ts";
import type { MintToken } from "../auth/token-order.ts";
import { systemClock } from "../lib/time/clock.ts";
import { OwnSecrets } from "../storage/own-secrets.ts";

/**
 * Mints tokens that a server with these settings accepts, for commands that run beside it. Creates its secret in the data
 * folder if there is none. Throws `SecretsFileUnreadable` or the system's error.
 */
export function openOwnMinter(dataFolder: string, auth: AuthOptions): MintToken {
  const secrets = new OwnSecrets(dataFolder).signing(auth.secrets);
  return tokenMinter({ ...auth, secrets, clock: systemClock });
}
