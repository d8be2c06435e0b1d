import type { Clock } from "../lib/time/clock.ts";
import type { TimerQueue } from "../lib/time/timer-queue.ts";
import type { Permission } from "./access-policy.ts";
import type { Access, AccessRequest, Denial, Grant, GrantWatcher } from "./authorizer.ts";

/** What a grant needs to live. */
export interface LiveGrantOptions {
  readonly timers: TimerQueue;
  readonly clock: Clock;
  /** Asks for the same again, where the answer may be another one; rejects when the client has gone. */
  readonly renew?: () => Promise<Permission | Denial>;
  /** What has become of an answer on its way. */
  readonly current: (answer: Permission | Denial) => Permission | Denial;
  readonly isRevoked: (permission: Permission, room: string) => boolean;
  readonly renewalCrashed: (error: unknown) => void;
  /** Once: nobody acts under the grant any more. `denial` says why, if that is not the client's own wish. */
  readonly released: (grant: LiveGrant, denial?: Denial) => void;
}

/** How long before its end a client is asked for a new token, at most; of a short life, a quarter. */
const longestNoticeMs = 60_000;
/** An answer that is not there by then would come too late. */
const shortestRenewalMs = 250;

const expired: Denial = { granted: false, kind: "unauthorized", code: "expired", reason: "the permission has expired" };

/** A permission in use: it is renewed where it can be, and ends at its moment where it cannot. */
export class LiveGrant implements Grant {
  readonly granted = true;
  readonly #request: AccessRequest;
  readonly #options: LiveGrantOptions;
  #permission: Permission;
  #watcher: GrantWatcher | undefined;
  #state: "live" | "released" | Denial = "live";
  /** What becomes of it at its end if nothing comes between. */
  #verdict: Denial = expired;
  #cancels: (() => void)[] = [];
  readonly #clientGone = () => this.release();

  constructor(permission: Permission, request: AccessRequest, options: LiveGrantOptions) {
    this.#permission = permission;
    this.#request = request;
    this.#options = options;
    request.signal.addEventListener("abort", this.#clientGone, { once: true });
    this.#schedule();
  }

  get access(): Access {
    return this.#permission.access;
  }

  get user(): string | undefined {
    return this.#permission.user;
  }

  get expiresAt(): number | undefined {
    return this.#permission.expiresAt;
  }

  /** Whether what it rests on has been revoked. */
  get isRevoked(): boolean {
    return this.#options.isRevoked(this.#permission, this.#request.room);
  }

  watch(watcher: GrantWatcher): void {
    if (this.#state === "live") this.#watcher = watcher;
    else if (this.#state !== "released") watcher.ended(this.#state);
  }

  release(): void {
    if (this.#close("released")) this.#options.released(this);
  }

  /** The client is told, and acts no more. */
  end(denial: Denial): void {
    const watcher = this.#watcher;
    if (!this.#close(denial)) return;
    this.#options.released(this, denial);
    watcher?.ended(denial);
  }

  #close(state: "released" | Denial): boolean {
    if (this.#state !== "live") return false;
    this.#state = state;
    this.#watcher = undefined;
    this.#cancelAll();
    this.#request.signal.removeEventListener("abort", this.#clientGone);
    return true;
  }

  #cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  #schedule(): void {
    this.#cancelAll();
    const { expiresAt } = this.#permission;
    if (expiresAt === undefined) return;
    const noticeMs = Math.min(longestNoticeMs, (expiresAt - this.#options.clock.now()) / 4);
    this.#at(expiresAt - noticeMs, () => this.#watcher?.expiring?.());
    // Later than that: a client that shows a new token has no need of it.
    if (this.#options.renew !== undefined) this.#at(expiresAt - noticeMs / 2, () => this.#renew(expiresAt));
    this.#at(expiresAt, () => this.end(this.#verdict));
  }

  #at(time: number, task: () => void): void {
    this.#cancels.push(this.#options.timers.at(Math.round(time), task));
  }

  #renew(expiresAt: number): void {
    this.#options.renew?.().then(
      (answer) => this.#renewed(answer, expiresAt),
      (error) => {
        if (!this.#request.signal.aborted) this.#options.renewalCrashed(error);
      },
    );
  }

  #renewed(answer: Permission | Denial, expiresAt: number): void {
    if (this.#state !== "live") return;
    const decision = this.#options.current(answer);
    if (decision.granted) this.#replace(decision);
    else if (decision.kind === "unavailable") this.#tryAgain(decision, expiresAt);
    else this.end(decision);
  }

  /** Until its end the permission counts. If nobody can be asked until then either, coming back later may help. */
  #tryAgain(denial: Denial, expiresAt: number): void {
    this.#verdict = denial;
    const leftMs = expiresAt - this.#options.clock.now();
    if (leftMs > shortestRenewalMs) this.#at(expiresAt - leftMs / 2, () => this.#renew(expiresAt));
  }

  #replace(permission: Permission): void {
    const { access } = this.#permission;
    this.#permission = permission;
    this.#verdict = expired;
    this.#schedule();
    if (permission.access !== access) this.#watcher?.changed?.();
  }
}
