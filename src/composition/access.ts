import { type AccessApiOptions, createAccessApi } from "../admin/access-api.ts";
import type { AccessPolicy } from "../auth/access-policy.ts";
import type { Administration } from "../auth/administration.ts";
import type { AuthOptions } from "../auth/auth-options.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { clockToleranceMs } from "../auth/clock-tolerance.ts";
import type { KeptApiKeys } from "../auth/keys/api-keys.ts";
import { LiveAuthorizer } from "../auth/live-authorizer.ts";
import { openAuthorizer } from "../auth/open-authorizer.ts";
import type { Revocation } from "../auth/revocation.ts";
import { Revocations } from "../auth/revocations.ts";
import { KeySet } from "../auth/token/key-set.ts";
import { keySourceAt } from "../auth/token/key-source.ts";
import { readToken } from "../auth/token/read-token.ts";
import { TokenAdministration } from "../auth/token/token-administration.ts";
import { joinedKeys, secretKeys } from "../auth/token/token-keys.ts";
import { tokenMinter } from "../auth/token/token-minter.ts";
import { TokenPolicy } from "../auth/token/token-policy.ts";
import { TokenVerifier } from "../auth/token/token-verifier.ts";
import type { MintToken } from "../auth/token-order.ts";
import { WebhookPolicy } from "../auth/webhook/webhook-policy.ts";
import { ApiKeysFile } from "../storage/api-keys-file.ts";
import type { DataFolder } from "../storage/data-folder.ts";
import type { FolderContent } from "../storage/folder-content.ts";
import { OwnSecrets } from "../storage/own-secrets.ts";
import { RevocationFile } from "../storage/revocation-log.ts";
import { crossOrigin } from "../transport/admission/cross-origin.ts";
import { whyOriginRefused } from "../transport/admission/origin-policy.ts";
import type { Part } from "./part.ts";
import type { PartDependencies } from "./server-options.ts";

/** The longest wait for a command that changes the API keys at the same time: it blocks the event loop. */
const keysWaitMs = 50;

/** The part of a server that decides who may do what, with its HTTP API. */
export interface AccessControl extends Part {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  readonly mint: MintToken;
  /** The revocations in force, in the order in which they were added. */
  readonly revocations: () => readonly Revocation[];
  /** The API keys; undefined for a server without a data folder, which has none. */
  readonly apiKeys: KeptApiKeys | undefined;
  /** Calls `task` for every user whose permissions for all rooms are revoked, now and later. Call it once. */
  whenUserRevoked(task: (user: string, revokedAt: number) => void): void;
  /** Secrets and revocations, as far as they are kept in the data folder. */
  readonly contents: readonly FolderContent[];
}

export interface AccessOptions extends Omit<PartDependencies, "openChannel" | "scheduler" | "outboxes"> {
  readonly auth: AuthOptions;
}

/**
 * Opens access control. `dataFolder` keeps secrets and revocations; it may be missing when everyone may enter.
 *
 * Throws `SecretsFileUnreadable`, `RevocationsUnreadable`, or the system's error.
 */
export async function openAccess(dataFolder: DataFolder | undefined, options: AccessOptions): Promise<AccessControl> {
  const { addresses, auth, clock, limits, log, metrics, originPolicy } = options;
  await using opening = new AsyncDisposableStack();
  const ownSecrets = new OwnSecrets(dataFolder?.path);
  const secrets = ownSecrets.signing(auth.secrets);
  const signingKeys = secretKeys(secrets);
  const file = dataFolder && opening.adopt(new RevocationFile(dataFolder.path, clock), (openFile) => openFile.close());
  const revocations = file && new Revocations({ log: file, limits, clock });
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
  const opened = opening.move();
  return {
    authorizer: decided.authorizer,
    administration,
    mint,
    revocations: () => revocations?.inForce ?? [],
    apiKeys: dataFolder && new ApiKeysFile(dataFolder.path, clock, { maxWaitMs: keysWaitMs, held: dataFolder }),
    whenUserRevoked: decided.whenUserRevoked,
    contents: [ownSecrets, ...(file === undefined ? [] : [file])],
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
      // The revocation is in force at once; it is on disk when the promise resolves.
      const adding = revocations.add({ ...target, revokedAt, until });
      webhook?.clearCache();
      const ended = authorizer.endRevoked();
      const { user, room, tokenId } = target;
      if (user !== undefined && room === undefined && tokenId === undefined) userRevoked(user, revokedAt);
      try {
        return (await adding) === "full" ? "full" : { ended, until };
      } catch (error) {
        log.error({ event: "revocation-not-kept", err: error });
        return "not-kept";
      }
    },
  };
}
