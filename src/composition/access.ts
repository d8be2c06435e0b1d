import type { AccessApiOptions } from "../admin/access-api.ts";
import type { AccessPolicy } from "../auth/access-policy.ts";
import type { Administration } from "../auth/administration.ts";
import type { AuthOptions } from "../auth/auth-options.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { LiveAuthorizer } from "../auth/live-authorizer.ts";
import { openAuthorizer } from "../auth/open-authorizer.ts";
import { Revocations } from "../auth/revocations.ts";
import { KeySet } from "../auth/token/key-set.ts";
import { keySourceAt } from "../auth/token/key-source.ts";
import { TokenAdministration } from "../auth/token/token-administration.ts";
import { joinedKeys, secretKeys } from "../auth/token/token-keys.ts";
import { tokenMinter } from "../auth/token/token-minter.ts";
import { TokenPolicy } from "../auth/token/token-policy.ts";
import { TokenVerifier } from "../auth/token/token-verifier.ts";
import { WebhookPolicy } from "../auth/webhook/webhook-policy.ts";
import { systemClock } from "../lib/time/clock.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import { signingSecrets, webhookSecrets } from "../storage/own-secrets.ts";
import { RevocationFile } from "../storage/revocation-log.ts";
import type { Shared } from "./server-options.ts";

/** The part of a server that says who may do what. */
export interface AccessControl extends Pick<AccessApiOptions, "mint" | "revoke"> {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  close(): Promise<void>;
}

export interface AccessOptions extends Pick<Shared, "limits" | "log" | "metrics"> {
  readonly auth: AuthOptions;
}

/**
 * `dataFolder` keeps secrets, and what was revoked; it may be missing where everybody may enter.
 *
 * Throws `SecretsFileUnreadable`, `RevocationsUnreadable`, or the system's error.
 */
export function openAccess(dataFolder: DataFolder | undefined, options: AccessOptions): AccessControl {
  const { auth, limits, log, metrics } = options;
  const clock = systemClock;
  const secrets = signingSecrets(auth.secrets, dataFolder?.path);
  const file = dataFolder && new RevocationFile(dataFolder.path, clock);
  const keySet = auth.jwks === undefined ? undefined : new KeySet({ source: keySourceAt(auth.jwks), clock, log });
  // The server need not wait for it: the first token does.
  void keySet?.open();
  const keys = joinedKeys([secretKeys(secrets), ...(keySet === undefined ? [] : [keySet])]);
  const { issuer, audience } = auth;
  const verifier = new TokenVerifier({ keys, issuer, audience, limits, clock });
  const mint = tokenMinter({ ...auth, secrets, clock });
  if (dataFolder === undefined || file === undefined) {
    if (auth.mode !== "open") throw new Error("Without a data folder everybody would have to be let in.");
    const administration = new TokenAdministration({ verifier, isRevoked: () => false });
    return { authorizer: openAuthorizer, administration, mint, revoke: undefined, close: async () => keySet?.close() };
  }
  const revocations = new Revocations({ log: file, limits, clock });
  const administration = new TokenAdministration({
    verifier,
    isRevoked: (token) => revocations.isRevoked(token, undefined),
  });
  const close = async () => {
    keySet?.close();
    await file.close();
  };
  // What administrators mint is good in every mode.
  if (auth.mode === "open") return { authorizer: openAuthorizer, administration, mint, revoke: undefined, close };
  const webhook = auth.webhook && openWebhook(auth.webhook, dataFolder, { limits, log, metrics });
  const policy: AccessPolicy = webhook ?? new TokenPolicy(verifier);
  const authorizer = new LiveAuthorizer({
    policy,
    isRevoked: (permission, room) => revocations.isRevoked(permission, room),
    clock,
    log,
    metrics,
  });
  return {
    authorizer,
    administration,
    mint,
    revoke: async ({ until: asked, ...target }) => {
      const revokedAt = clock.now();
      const until = asked ?? revokedAt + limits.tokenMs;
      // In force at once; on the disk when the promise resolves.
      const adding = revocations.add({ ...target, revokedAt, until });
      webhook?.clearCache();
      const ended = authorizer.endRevoked();
      try {
        return (await adding) === "full" ? "full" : { ended, until };
      } catch (error) {
        log.error({ event: "revocation-not-kept", err: error });
        return "not-kept";
      }
    },
    close,
  };
}

function openWebhook(
  { url, secrets: given }: NonNullable<AuthOptions["webhook"]>,
  dataFolder: DataFolder,
  shared: Pick<Shared, "limits" | "log" | "metrics">,
): WebhookPolicy {
  const secrets = webhookSecrets(given, dataFolder.path);
  return new WebhookPolicy({ ...shared, url, secrets, clock: systemClock });
}
