import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { CircuitBreaker } from "../../lib/circuit-breaker.ts";
import { errorCode } from "../../lib/error-code.ts";
import { Semaphore } from "../../lib/semaphore.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { signWebhook } from "../../lib/webhook/webhook-signature.ts";
import { LimitedLog, type LineRate } from "../../ops/limited-log.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Permission } from "../access-policy.ts";
import type { AccessRequest, Denial } from "../authorizer.ts";
import { BodyTooLarge, fetchCompressed, readBounded } from "../bounded-response.ts";
import type { AuthLimits } from "../limits.ts";
import { isAnswerStatus, readAnswer, type WebhookReply } from "./webhook-answer.ts";
import { WebhookFailure } from "./webhook-failure.ts";

export interface WebhookClientOptions {
  /** The http or https URL of the app's webhook. */
  readonly url: URL;
  /**
   * The decoded secrets. Each of them signs every request; there are two during a rotation. They are read for each
   * request: their owner may change them.
   */
  readonly secrets: readonly Uint8Array[];
  readonly limits: Pick<AuthLimits, "webhookTimeoutMs" | "webhookConcurrency" | "webhookQueue">;
  readonly addresses: CountedAddresses;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A request for access, and the body of the webhook request for it. */
export interface WebhookQuery {
  readonly request: AccessRequest;
  readonly body: string;
}

/** The greatest body of an answer, which has 100 to 200 bytes. An unrelated page may have megabytes. */
const answerBytes = 64 * 1024;
/** One failure may be chance, and each further one costs a client the whole timeout. */
const failuresUntilSuspended = 5;
/** Statuses by which the app, or a proxy in front of it, reports that it is down or overloaded. */
const outageStatuses = [429, 502, 503, 504];
/** Clients reconnect after seconds, so that most of them do so when the webhook is called again. */
const suspensionMs = 10_000;
/** During an outage every client meets the same failure: one line of each kind in ten seconds tells of it. */
const failureRate: LineRate = { burst: 1, perSecond: 0.1 };

const unavailable: Denial = {
  granted: false,
  kind: "unavailable",
  code: "unavailable",
  reason: "your app's webhook is unreachable",
};

/** Calls the app's webhook over HTTP, once for each request. An invalid answer never grants access. */
export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #permits: Semaphore;
  readonly #breaker: CircuitBreaker;
  readonly #log: LimitedLog;

  constructor(options: WebhookClientOptions) {
    const { clock, limits, log } = options;
    this.#options = options;
    this.#permits = new Semaphore(limits.webhookConcurrency);
    this.#breaker = new CircuitBreaker({ failures: failuresUntilSuspended, openMs: suspensionMs, clock });
    this.#log = new LimitedLog(log, clock, failureRate);
  }

  /** Resolves with the answer or a denial of kind `unavailable` within the timeout. Rejects when `signal` aborts. */
  async ask(query: WebhookQuery, signal: AbortSignal): Promise<Permission | Denial> {
    const { clock, limits, metrics } = this.#options;
    const deadline = new AbortController();
    const cancel = clock.after(limits.webhookTimeoutMs, () => deadline.abort(new WebhookFailure("timeout")));
    try {
      const answer = await this.#askInTurn(query, AbortSignal.any([signal, deadline.signal]));
      metrics.webhookRequests.inc({ outcome: answer.granted ? "granted" : "denied" });
      return answer;
    } catch (error) {
      if (!(error instanceof WebhookFailure)) throw error;
      metrics.webhookRequests.inc({ outcome: error.kind === "suspended" ? "suspended" : "failed" });
      this.#log.warn({ event: "webhook-failed", reason: error.kind, detail: error.detail });
      return unavailable;
    } finally {
      cancel();
    }
  }

  async #askInTurn(query: WebhookQuery, signal: AbortSignal): Promise<Permission | Denial> {
    if (this.#breaker.isOpen) throw new WebhookFailure("suspended");
    // Many requests from one address block do not delay those from elsewhere: the semaphore serves blocks in turn.
    const { addresses, limits } = this.#options;
    const source = addresses.keyOf(query.request.remoteAddress);
    const isFull = source !== undefined && this.#permits.waitingFrom(source) >= limits.webhookQueue;
    if (isFull) {
      this.#options.metrics.bounds.met("limits.webhook-queue");
      throw new WebhookFailure("queue-full");
    }
    await this.#permits.acquire(signal, source);
    try {
      const reply = await this.#callThroughBreaker(query.body, signal);
      return readAnswer(reply, query.request, this.#options.clock.now());
    } finally {
      this.#permits.release();
    }
  }

  /**
   * Runs the exchange through the circuit breaker. Only an outage of the app counts as a failure: an invalid answer may
   * concern one client only, which must not be able to suspend the webhook for all others.
   */
  async #callThroughBreaker(body: string, signal: AbortSignal): Promise<WebhookReply> {
    const call = this.#breaker.begin();
    if (call === undefined) throw new WebhookFailure("suspended");
    const endTimer = this.#options.metrics.webhookDuration.startTimer();
    const askedAt = this.#options.clock.elapsedMs();
    try {
      const reply = await this.#exchange(body, signal);
      call.end("succeeded");
      return reply;
    } catch (error) {
      call.end(error instanceof WebhookFailure && this.#isOutage(error, askedAt) ? "failed" : "unknown");
      throw error;
    } finally {
      endTimer();
    }
  }

  /** A timeout counts only if the app had at least half of it: a request that was queued for long left it no time. */
  #isOutage({ kind, detail }: WebhookFailure, askedAt: number): boolean {
    const { clock, limits } = this.#options;
    if (kind === "timeout") return clock.elapsedMs() - askedAt >= limits.webhookTimeoutMs / 2;
    return kind === "unreachable" || (kind === "status" && outageStatuses.some((status) => status === detail));
  }

  async #exchange(body: string, signal: AbortSignal): Promise<WebhookReply> {
    try {
      return await this.#deliver(body, signal);
    } catch (error) {
      signal.throwIfAborted();
      // The error's message would quote the URL.
      throw error instanceof WebhookFailure ? error : new WebhookFailure("unreachable", errorCode(error));
    }
  }

  async #deliver(body: string, signal: AbortSignal): Promise<WebhookReply> {
    const { clock, secrets } = this.#options;
    const message = { id: crypto.randomUUID(), timestamp: Math.floor(clock.now() / 1000), body };
    const init = {
      method: "POST",
      headers: { ...signWebhook(message, secrets), "content-type": "application/json", accept: "application/json" },
      body,
      // The target of a redirect is not configured to receive tokens.
      redirect: "manual",
      signal,
    } as const;
    try {
      return await this.#post(init);
    } catch (error) {
      // Servers close connections after some idle seconds, and one may do so just when the connection is used again.
      if (errorCode(error) === "ECONNRESET") return await this.#post(init);
      throw error;
    }
  }

  async #post(init: Parameters<typeof fetchCompressed>[1]): Promise<WebhookReply> {
    const response = await fetchCompressed(this.#options.url, init);
    const { status } = response;
    if (isAnswerStatus(status)) return { status, body: await readAnswerBytes(response) };
    await response.body?.cancel();
    throw new WebhookFailure(status >= 300 && status < 400 ? "redirect" : "status", status);
  }
}

async function readAnswerBytes(response: Response): Promise<Uint8Array> {
  try {
    return await readBounded(response, answerBytes);
  } catch (error) {
    throw error instanceof BodyTooLarge ? new WebhookFailure("too-large") : error;
  }
}
