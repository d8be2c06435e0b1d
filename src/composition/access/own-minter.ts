import type { AuthOptions } from "../../auth/auth-options.ts";
import { tokenMinter } from "../../auth/token/token-minter.ts";
import type { MintToken } from "../../auth/token-order.ts";
import { systemClock } from "../../lib/time/clock.ts";
import type { OwnSecrets } from "../../storage/secrets/own-secrets.ts";
import { authOptionsOf, type SettingValues } from "../settings/settings.ts";
import { accessPlaceKeys, openCommandAccess } from "./command-access.ts";

/** The settings that `mintBeside` reads. */
export const mintingKeys = [...accessPlaceKeys, "auth.secret", "auth.issuer", "auth.audience"] as const;

/**
 * Mints one token that a server with these settings accepts, for commands that run beside it. Creates its secret if there is
 * none. Rejects with `SecretsFileUnreadable`, `StoreError` or the system's error.
 */
export async function mintBeside(values: SettingValues, order: Parameters<MintToken>[0]): ReturnType<MintToken> {
  await using access = await openCommandAccess(values);
  return await ownMinter(authOptionsOf(values), access.secrets)(order);
}

/** Mints tokens that a server with these secrets and settings accepts. */
export function ownMinter(auth: AuthOptions, secrets: OwnSecrets): MintToken {
  return tokenMinter({ ...auth, secrets: secrets.signing(auth.secrets), clock: systemClock });
}
