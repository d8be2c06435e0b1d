import { createHash } from "node:crypto";
import { ExpiringCache } from "../../lib/expiring-cache.ts";
import { SingleFlight } from "../../lib/single-flight.ts";
import type { AccessPolicy, Permission } from "../access-policy.ts";
import type { AccessRequest, Denial } from "../authorizer.ts";
import type { AuthLimits } from "../limits.ts";
import { WebhookClient, type WebhookClientOptions, type WebhookQuestion } from "./webhook-client.ts";

export interface WebhookPolicyOptions extends WebhookClientOptions {
  readonly limits: WebhookClientOptions["limits"] & Pick<AuthLimits, "webhookCacheMs" | "webhookCacheEntries">;
}

interface Question extends WebhookQuestion {
  readonly key: string;
}

/** Answers, and questions under way: nothing leads from one such memory into the next. */
interface Memory {
  readonly answers: ExpiringCache<Permission | Denial>;
  readonly flights: SingleFlight<Permission | Denial>;
}

/**
 * The application decides, and is asked for each room.
 *
 * Its answers are remembered for a short time, a permission until half of its life is over at the longest: whoever asks
 * again because his own is about to end gets a new one.
 */
export class WebhookPolicy implements AccessPolicy {
  readonly isRenewable = true;
  readonly #options: WebhookPolicyOptions;
  readonly #client: WebhookClient;
  #memory: Memory;

  constructor(options: WebhookPolicyOptions) {
    this.#options = options;
    this.#client = new WebhookClient(options);
    this.#memory = this.#emptyMemory();
  }

  /** Only the application knows, and it is asked for rooms. */
  async authenticate(): Promise<undefined> {
    return undefined;
  }

  async decide(request: AccessRequest): Promise<Permission | Denial> {
    request.signal.throwIfAborted();
    const body = bodyOf(request);
    // Of all that is asked, as a hash: tokens are not kept.
    const key = createHash("sha256").update(body).digest("base64");
    const { answers, flights } = this.#memory;
    const call = (signal: AbortSignal) => this.#ask({ key, request, body }, answers, signal);
    return answers.get(key) ?? flights.join({ key, signal: request.signal, call });
  }

  /** From now on the application is asked anew; who waits for an answer already gets it. */
  forget(): void {
    this.#memory = this.#emptyMemory();
  }

  async #ask({ key, ...question }: Question, answers: Memory["answers"], signal: AbortSignal) {
    const issuedAt = this.#options.clock.now();
    const answered = await this.#client.ask(question, signal);
    // As of when it was asked for: what is revoked after that takes it back, and nothing from before.
    const answer = answered.granted ? { ...answered, issuedAt } : answered;
    const lifeMs = this.#memorableMs(answer);
    if (lifeMs > 0) answers.set(key, answer, lifeMs);
    return answer;
  }

  #memorableMs(answer: Permission | Denial): number {
    const { clock, limits } = this.#options;
    if (!answer.granted) return answer.kind === "unavailable" ? 0 : limits.webhookCacheMs;
    return Math.min(limits.webhookCacheMs, ((answer.expiresAt ?? Number.POSITIVE_INFINITY) - clock.now()) / 2);
  }

  #emptyMemory(): Memory {
    const { clock, limits } = this.#options;
    return { answers: new ExpiringCache(limits.webhookCacheEntries, clock), flights: new SingleFlight() };
  }
}

function bodyOf({ token, room, kind, remoteAddress: address, origin }: AccessRequest): string {
  return JSON.stringify({ token: token ?? null, room, kind, address, origin: origin ?? null });
}
