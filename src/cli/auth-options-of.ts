import type { ServerOptions } from "../composition/server-options.ts";
import type { SettingValues } from "../composition/settings.ts";
import { parseSecrets, parseWebhookSecrets } from "../config/auth-settings.ts";

/** Who may enter, from settings that have been checked. */
export function authOptionsOf(values: SettingValues): ServerOptions["auth"] {
  const { "auth.jwks": jwks, "auth.issuer": issuer, "auth.audience": audience } = values;
  const { "auth.webhook-url": url, "auth.webhook-secret": webhookSecret } = values;
  return {
    // Only where nobody but this machine can come is there none.
    mode: values["auth.mode"] ?? "open",
    secrets: parseSecrets(values["auth.secret"] ?? "") ?? [],
    ...(jwks !== undefined && { jwks }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(url !== undefined && { webhook: { url, secrets: parseWebhookSecrets(webhookSecret ?? "") ?? [] } }),
    readersShowPresence: values["auth.readers-show-presence"],
  };
}
