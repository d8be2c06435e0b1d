import type { Clock } from "../lib/time/clock.ts";
import { TimerQueue } from "../lib/time/timer-queue.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { AccessPolicy, Permission } from "./access-policy.ts";
import type { AccessRequest, Authorizer, Denial, Grant } from "./authorizer.ts";
import { LiveGrant } from "./live-grant.ts";

export interface LiveAuthorizerOptions {
  readonly policy: AccessPolicy;
  /** Whether a permission has been revoked since it was issued. */
  readonly isRevoked: (permission: Permission, room: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface DeniedRequest {
  readonly kind: AccessRequest["kind"] | "upgrade";
  readonly remoteAddress: string;
}

const revoked: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "revoked",
  reason: "permission revoked",
};

/** An authorizer that follows a policy, and ends its grants when they expire or are revoked. */
export class LiveAuthorizer implements Authorizer {
  readonly #options: LiveAuthorizerOptions;
  readonly #timers: TimerQueue;
  readonly #grants = new Set<LiveGrant>();
  readonly #limitedLog: LimitedLog;

  constructor(options: LiveAuthorizerOptions) {
    const { clock, log, metrics } = options;
    this.#options = options;
    this.#timers = new TimerQueue(clock);
    this.#limitedLog = new LimitedLog(log, clock);
    metrics.liveGrants.readFrom(() => this.#grants.size);
  }

  async authenticate(token: string | undefined, remoteAddress: string): Promise<Denial | undefined> {
    const denial = await this.#options.policy.authenticate(token);
    if (denial !== undefined) this.#count({ kind: "upgrade", remoteAddress }, denial);
    return denial;
  }

  async authorize(request: AccessRequest): Promise<Grant | Denial> {
    const decision = this.#current(await this.#options.policy.decide(request), request);
    // The client may have disconnected meanwhile, and then no caller would release the grant.
    request.signal.throwIfAborted();
    if (decision.granted) return this.#grant(decision, request);
    this.#count(request, decision);
    return decision;
  }

  /** Ends all grants that are revoked by now, and returns their number. */
  endRevoked(): number {
    const affected = [...this.#grants].filter(({ isRevoked }) => isRevoked);
    for (const grant of affected) grant.end(revoked);
    return affected.length;
  }

  /**
   * Turns a decision into a denial if it has been revoked meanwhile. Must be called in the turn of the event loop in which
   * the decision takes effect: a revocation is then seen either here or by `endRevoked`.
   */
  #current(decision: Permission | Denial, { room }: AccessRequest): Permission | Denial {
    return decision.granted && this.#options.isRevoked(decision, room) ? revoked : decision;
  }

  #grant(permission: Permission, request: AccessRequest): Grant {
    const { clock, isRevoked, policy } = this.#options;
    const grant: LiveGrant = new LiveGrant(permission, request, {
      timers: this.#timers,
      clock,
      ...(policy.isRenewable && { renew: () => policy.decide(request) }),
      current: (decision) => this.#current(decision, request),
      isRevoked,
      renewalCrashed: (error) => this.#limitedLog.error({ event: "renewal-crashed", err: error }),
      released: (released, denial) => {
        this.#grants.delete(released);
        if (denial !== undefined) this.#count(request, denial);
      },
    });
    this.#grants.add(grant);
    return grant;
  }

  #count({ kind, remoteAddress: address }: DeniedRequest, { code, reason }: Denial): void {
    this.#options.metrics.accessDenials.inc({ kind, code });
    // The reason may be the words of the application.
    this.#limitedLog.info({ event: "access-denied", kind, code, reason, address }, code);
  }
}
