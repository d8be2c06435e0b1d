import { createHash } from "node:crypto";
import { ExpiringCache } from "../../lib/expiring-cache.ts";
import { SingleFlight } from "../../lib/flights/single-flight.ts";
import { type AccessPolicy, type Permission, withoutContent } from "../access-policy.ts";
import type { AccessRequest, Denial } from "../authorizer.ts";
import { apiKeyDenial } from "../keys/api-key-denial.ts";
import type { AuthLimits } from "../limits.ts";
import { WebhookClient, type WebhookClientOptions, type WebhookQuery } from "./webhook-client.ts";

export interface WebhookPolicyOptions extends WebhookClientOptions {
  readonly limits: WebhookClientOptions["limits"] & Pick<AuthLimits, "webhookCacheMs" | "webhookCacheEntries">;
}

interface KeyedQuery extends WebhookQuery {
  readonly key: string;
}

/** Cached answers, and calls in progress. A call stores its answer in the cache that was in use when the call began. */
interface AnswerCache {
  readonly answers: ExpiringCache<Permission | Denial>;
  readonly flights: SingleFlight<Permission | Denial>;
}

/**
 * A policy that asks the app's webhook about each room.
 *
 * Answers are cached for a short time, a permission for at most half of its remaining life: a renewal before its expiry
 * gets a new answer.
 */
export class WebhookPolicy implements AccessPolicy {
  readonly isRenewable = true;
  readonly #options: WebhookPolicyOptions;
  readonly #client: WebhookClient;
  #cache: AnswerCache;

  constructor(options: WebhookPolicyOptions) {
    this.#options = options;
    this.#client = new WebhookClient(options);
    this.#cache = this.#emptyCache();
  }

  /** Only an API key is denied without a room: the app knows tokens, and it decides about rooms. */
  async authenticate(token: string | undefined): Promise<Denial | undefined> {
    return apiKeyDenial(token);
  }

  async decide(request: AccessRequest): Promise<Permission | Denial> {
    request.signal.throwIfAborted();
    const ofKey = apiKeyDenial(request.token);
    if (ofKey !== undefined) return ofKey;
    const body = bodyOf(request);
    // The key is a hash of the whole request, so that the cache does not hold tokens.
    const key = createHash("sha256").update(body).digest("base64");
    const { answers, flights } = this.#cache;
    const call = (signal: AbortSignal) => this.#ask({ key, request, body }, answers, signal);
    return answers.get(key) ?? flights.join({ key, signal: request.signal, call });
  }

  /** Clears the cache. Calls in progress still answer the requests that wait for them. */
  clearCache(): void {
    this.#cache = this.#emptyCache();
  }

  async #ask({ key, ...query }: KeyedQuery, answers: AnswerCache["answers"], signal: AbortSignal) {
    const issuedAt = this.#options.clock.now();
    const answered = await this.#client.ask(query, signal);
    // The issue time is that of the call: a later revocation revokes the permission, an earlier one does not.
    const answer = answered.granted ? { ...answered, issuedAt } : answered;
    const lifeMs = this.#cacheMs(answer);
    // The next client finds the content in the document.
    if (lifeMs > 0) answers.set(key, answer.granted ? withoutContent(answer) : answer, lifeMs);
    return answer;
  }

  #cacheMs(answer: Permission | Denial): number {
    const { clock, limits } = this.#options;
    if (!answer.granted) return answer.kind === "unavailable" ? 0 : limits.webhookCacheMs;
    return Math.min(limits.webhookCacheMs, ((answer.expiresAt ?? Number.POSITIVE_INFINITY) - clock.now()) / 2);
  }

  #emptyCache(): AnswerCache {
    const { clock, limits } = this.#options;
    return { answers: new ExpiringCache(limits.webhookCacheEntries, clock), flights: new SingleFlight() };
  }
}

function bodyOf({ token, room, kind, remoteAddress: address, origin }: AccessRequest): string {
  return JSON.stringify({ token: token ?? null, room, kind, address, origin: origin ?? null });
}
