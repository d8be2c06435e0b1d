import { isIP } from "node:net";
import { untilAborted } from "../lib/abortable-wait.ts";
import { errorCode } from "../lib/error-code.ts";
import type { Clock } from "../lib/time/clock.ts";
import { signWebhook } from "../lib/webhook/webhook-signature.ts";
import type { StoredEndpoint } from "../storage/webhook-store.ts";
import { signingSecrets } from "./endpoint-secrets.ts";
import type { WebhookLimits } from "./limits.ts";
import { readRetryAfter } from "./retry-schedule.ts";
import { findTarget, hostOf, type TargetFault, type TargetPolicy } from "./target.ts";

/** Why an attempt has failed. The set is small, so that each can be looked up in the manual. */
export type FailureReason = TargetFault | "timeout" | "unreachable" | "certificate" | "redirect" | "status";

export type Outcome =
  | { readonly kind: "delivered"; readonly status: number }
  /** The receiver wants no more messages (410). */
  | { readonly kind: "gone"; readonly status: number }
  | FailedAttempt
  /** The attempt was interrupted by the server itself. */
  | { readonly kind: "interrupted" };

export interface FailedAttempt {
  readonly kind: "failed";
  readonly reason: FailureReason;
  readonly status?: number;
  readonly retryAfterMs?: number | undefined;
}

/** A message as it goes over the wire. */
export interface OutgoingMessage {
  readonly id: string;
  readonly body: string;
}

export interface SenderOptions extends TargetPolicy {
  readonly limits: Pick<WebhookLimits, "changeWebhookMs">;
  readonly clock: Pick<Clock, "now" | "after">;
  /** The value of the User-Agent header. */
  readonly userAgent: string;
}

/** Statuses whose Retry-After is read. */
const busyStatuses = [429, 503];

/** Sends messages to endpoints, signed as Standard Webhooks 1.0 has it: one POST for each attempt. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Makes one attempt. Never rejects; ends within the timeout, or when `signal` aborts. */
  async send(endpoint: StoredEndpoint, message: OutgoingMessage, signal: AbortSignal): Promise<Outcome> {
    const { clock, limits } = this.#options;
    const deadline = new AbortController();
    const cancel = clock.after(limits.changeWebhookMs, () => deadline.abort());
    try {
      return await this.#attempt(endpoint, message, AbortSignal.any([signal, deadline.signal]));
    } catch (error) {
      if (signal.aborted) return { kind: "interrupted" };
      return { kind: "failed", reason: deadline.signal.aborted ? "timeout" : reasonOf(error) };
    } finally {
      cancel();
    }
  }

  async #attempt(endpoint: StoredEndpoint, message: OutgoingMessage, signal: AbortSignal): Promise<Outcome> {
    const url = new URL(endpoint.url);
    // A look-up cannot be interrupted: it is left behind.
    const target = await untilAborted(findTarget(url, this.#options), signal);
    if (typeof target === "string") return { kind: "failed", reason: target };
    const response = await fetch(pinned(url, target.address), {
      method: "POST",
      headers: {
        ...this.#sign(endpoint, message),
        host: url.host,
        "content-type": "application/json",
        "user-agent": this.#options.userAgent,
      },
      body: message.body,
      redirect: "manual",
      // A connection that is kept belongs to an address, not to the name whose certificate was checked.
      keepalive: false,
      decompress: false,
      signal,
      ...(url.protocol === "https:" && isIP(hostOf(url)) === 0 && { tls: { serverName: url.hostname } }),
    });
    await response.body?.cancel();
    return outcomeOf(response, this.#options.clock.now());
  }

  #sign({ secrets }: StoredEndpoint, { body, id }: OutgoingMessage): Readonly<Record<string, string>> {
    const now = this.#options.clock.now();
    return signWebhook({ id, timestamp: Math.floor(now / 1_000), body }, signingSecrets(secrets, now));
  }
}

/** The URL with the address in place of the name. */
function pinned(url: URL, address: string): string {
  const direct = new URL(url);
  direct.hostname = isIP(address) === 6 ? `[${address}]` : address;
  return direct.href;
}

function outcomeOf({ headers, status }: Response, now: number): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  if (status === 410) return { kind: "gone", status };
  if (status >= 300 && status < 400) return { kind: "failed", reason: "redirect", status };
  const retryAfterMs = busyStatuses.includes(status) ? readRetryAfter(headers.get("retry-after"), now) : undefined;
  return { kind: "failed", reason: "status", status, retryAfterMs };
}

function reasonOf(error: unknown): FailureReason {
  return /CERT|SSL|TLS|SELF_SIGNED|ALTNAME|ISSUER/.test(String(errorCode(error))) ? "certificate" : "unreachable";
}
