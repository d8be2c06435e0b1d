import { type AccessApiOptions, createAccessApi } from "../../admin/access-api.ts";
import type { AccessPolicy } from "../../auth/access-policy.ts";
import type { Administration } from "../../auth/administration.ts";
import type { AuthOptions } from "../../auth/auth-options.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import { clockToleranceMs } from "../../auth/clock-tolerance.ts";
import { LiveAuthorizer } from "../../auth/live-authorizer.ts";
import { openAuthorizer } from "../../auth/open-authorizer.ts";
import type { Revocation } from "../../auth/revocation.ts";
import { Revocations } from "../../auth/revocations.ts";
import { KeySet } from "../../auth/token/key-set.ts";
import { keySourceAt } from "../../auth/token/key-source.ts";
import { readToken } from "../../auth/token/read-token.ts";
import { TokenAdministration } from "../../auth/token/token-administration.ts";
import { joinedKeys, secretKeys } from "../../auth/token/token-keys.ts";
import { tokenMinter } from "../../auth/token/token-minter.ts";
import { TokenPolicy } from "../../auth/token/token-policy.ts";
import { TokenVerifier } from "../../auth/token/token-verifier.ts";
import type { MintToken } from "../../auth/token-order.ts";
import { WebhookPolicy } from "../../auth/webhook/webhook-policy.ts";
import type { OwnSecrets } from "../../storage/secrets/own-secrets.ts";
import { crossOrigin } from "../../transport/admission/cross-origin.ts";
import { whyOriginRefused } from "../../transport/admission/origin-policy.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";
import type { AccessKeeping } from "./access-keeping.ts";

/** The part of a server that decides who may do what, with its HTTP API. */
export interface AccessControl extends Part {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  readonly mint: MintToken;
  /** The revocations in force, in the order in which they were added. */
  readonly revocations: () => readonly Revocation[];
  /** Calls `task` for every user whose permissions for all rooms are revoked, now and later. Call it once. */
  whenUserRevoked(task: (user: string, revokedAt: number) => void): void;
}

export interface AccessOptions extends Omit<PartDependencies, "openChannel" | "scheduler" | "outboxes"> {
  readonly auth: AuthOptions;
}

/**
 * Opens access control. `keeping` keeps revocations unless everyone may enter.
 *
 * Rejects with `SecretsFileUnreadable`, `StoreError`, or the system's error.
 */
export async function openAccess(keeping: AccessKeeping, options: AccessOptions): Promise<AccessControl> {
  const { addresses, auth, clock, limits, log, metrics, originPolicy } = options;
  await using opening = new AsyncDisposableStack();
  const { secrets: ownSecrets } = keeping;
  const secrets = ownSecrets.signing(auth.secrets);
  const signingKeys = secretKeys(secrets);
  const revocations = keeping.revocations && new Revocations({ log: keeping.revocations, limits, clock });
  const keySet =
    auth.jwks === undefined
      ? undefined
      : opening.adopt(new KeySet({ source: keySourceAt(auth.jwks), clock, log }), (openSet) => openSet.close());
  // Only the first token needs to wait for the keys, not the server.
  void keySet?.open();
  const keys = joinedKeys([signingKeys, ...(keySet === undefined ? [] : [keySet])]);
  // A reload changes what the verifier and the minter read for each token.
  const tokens = { secrets, issuer: auth.issuer, audience: auth.audience, keys, limits, clock };
  const verifier = new TokenVerifier(tokens);
  // Administrators' tokens are checked and revoked in every mode.
  const administration = new TokenAdministration({
    verifier,
    isRevoked: (token) => revocations?.isRevoked(token, undefined) === true,
  });
  const decided =
    auth.mode === "open"
      ? {
          authorizer: openAuthorizer,
          revoke: undefined,
          replaceWebhookSecrets: () => {},
          whenUserRevoked: () => {},
        }
      : openDecisions({ ownSecrets, revocations, verifier }, options);
  const mint = tokenMinter(tokens);
  const routes = createAccessApi({
    ...decided,
    administration,
    mint,
    readToken,
    whyOriginRefused: (origin, host) => whyOriginRefused(origin, host, originPolicy),
    cors: crossOrigin(originPolicy),
    addresses,
    limits,
    clock,
    metrics,
  });
  await keeping.follow();
  const opened = opening.move();
  return {
    authorizer: decided.authorizer,
    administration,
    mint,
    revocations: () => revocations?.inForce ?? [],
    whenUserRevoked: decided.whenUserRevoked,
    whyNotReady: () => keeping.whyNotReady(),
    routes,
    reload: ({ auth: { secrets: given, issuer, audience, webhook } }) => {
      const nextSecrets = ownSecrets.signing(given);
      decided.replaceWebhookSecrets(webhook?.secrets ?? []);
      signingKeys.replace(nextSecrets);
      Object.assign(tokens, { secrets: nextSecrets, issuer, audience });
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface DecisionDependencies {
  readonly ownSecrets: OwnSecrets;
  readonly revocations: Revocations | undefined;
  readonly verifier: TokenVerifier;
}

interface Decisions extends Pick<AccessApiOptions, "authorizer" | "revoke"> {
  /** The secrets that are given; none to keep those of the data folder. */
  replaceWebhookSecrets(given: readonly Uint8Array[]): void;
  /** As `AccessControl.whenUserRevoked`. */
  whenUserRevoked(task: (user: string, revokedAt: number) => void): void;
}

/** The authorizer of the modes `token` and `webhook`, and the revocation of what it has granted. */
function openDecisions(
  { ownSecrets, revocations, verifier }: DecisionDependencies,
  { addresses, auth, clock, limits, log, metrics }: AccessOptions,
): Decisions {
  // Without them a revoked permission would be accepted.
  if (revocations === undefined) throw new Error("Access control needs a data folder.");
  const webhookOptions = auth.webhook && {
    url: auth.webhook.url,
    secrets: ownSecrets.webhook(auth.webhook.secrets),
    addresses,
    clock,
    limits,
    log,
    metrics,
  };
  const webhook = webhookOptions && new WebhookPolicy(webhookOptions);
  const policy: AccessPolicy = webhook ?? new TokenPolicy(verifier);
  const authorizer = new LiveAuthorizer({
    policy,
    isRevoked: (permission, room) => revocations.isRevoked(permission, room),
    clock,
    log,
    metrics,
  });
  let userRevoked: (user: string, revokedAt: number) => void = () => {};
  // The revocations are in force by now.
  const takeEffect = (added: readonly Revocation[]) => {
    webhook?.clearCache();
    const ended = authorizer.endRevoked();
    for (const { user, room, tokenId, revokedAt } of added)
      if (user !== undefined && room === undefined && tokenId === undefined) userRevoked(user, revokedAt);
    return ended;
  };
  revocations.whenLearned(takeEffect);
  return {
    authorizer,
    whenUserRevoked: (task) => {
      userRevoked = task;
      for (const { user, revokedAt } of revocations.users) task(user, revokedAt);
    },
    replaceWebhookSecrets: (given) => {
      if (webhookOptions !== undefined) webhookOptions.secrets = ownSecrets.webhook(given);
    },
    revoke: async ({ until: asked, ...target }) => {
      const revokedAt = clock.now();
      const until = asked ?? revokedAt + limits.tokenMs + clockToleranceMs;
      const revocation = { ...target, revokedAt, until };
      // It is in force at once; it is kept, and reaches other nodes, when the promise resolves.
      const adding = revocations.add(revocation);
      const ended = takeEffect([revocation]);
      try {
        return (await adding) === "full" ? "full" : { ended, until };
      } catch (error) {
        log.error({ event: "revocation-not-kept", err: error });
        return "not-kept";
      }
    },
  };
}
