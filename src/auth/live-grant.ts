import type { Clock } from "../lib/time/clock.ts";
import type { TimerQueue } from "../lib/time/timer-queue.ts";
import { type Permission, withoutContent } from "./access-policy.ts";
import type { Access, AccessRequest, Denial, Grant, GrantWatcher } from "./authorizer.ts";

/** A grant's access to timers, to the policy and to its authorizer. */
export interface LiveGrantOptions {
  readonly timers: TimerQueue;
  readonly clock: Clock;
  /** Asks the policy again; undefined if its answer would be the same. Rejects when the client has disconnected. */
  readonly renew?: () => Promise<Permission | Denial>;
  /** Turns a decision into a denial if it has been revoked meanwhile. */
  readonly current: (answer: Permission | Denial) => Permission | Denial;
  readonly isRevoked: (permission: Permission, room: string) => boolean;
  readonly renewalCrashed: (error: unknown) => void;
  /** The grant is no longer in use. Called once; `denial` is the reason, unless the session released the grant. */
  readonly released: (grant: LiveGrant, denial?: Denial) => void;
}

/** The client is asked for a new token this long before the expiry, or a quarter of the lifetime if that is shorter. */
const maxNoticeMs = 60_000;
/** With less time left before the expiry, a renewal is not tried again: its answer would come too late. */
const minRenewalMs = 250;

/** The end of a permission in use that has run out: whether the client may return is for the next request to decide. */
const permissionExpired: Denial = { granted: false, kind: "expired", code: "expired", reason: "permission expired" };

/** A permission in use: it is renewed if the policy allows that, and otherwise ends when it expires. */
export class LiveGrant implements Grant {
  readonly granted = true;
  readonly #request: AccessRequest;
  readonly #options: LiveGrantOptions;
  #permission: Permission;
  #firstContent: Uint8Array | undefined;
  #watcher: GrantWatcher | undefined;
  #state: "live" | "released" | Denial = "live";
  /** The denial with which the grant ends at its expiry. */
  #denialAtExpiry: Denial = permissionExpired;
  #cancels: (() => void)[] = [];
  readonly #disconnected = () => this.release();

  constructor(permission: Permission, request: AccessRequest, options: LiveGrantOptions) {
    this.#permission = withoutContent(permission);
    this.#firstContent = permission.firstContent;
    this.#request = request;
    this.#options = options;
    request.signal.addEventListener("abort", this.#disconnected, { once: true });
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

  /** Whether the permission has been revoked. */
  get isRevoked(): boolean {
    return this.#options.isRevoked(this.#permission, this.#request.room);
  }

  takeFirstContent(): Uint8Array | undefined {
    const content = this.#firstContent;
    this.#firstContent = undefined;
    return content;
  }

  watch(watcher: GrantWatcher): void {
    if (this.#state === "live") this.#watcher = watcher;
    else if (this.#state !== "released") watcher.ended(this.#state);
  }

  release(): void {
    if (this.#close("released")) this.#options.released(this);
  }

  /** Ends the grant, and tells its watcher why. */
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
    this.#request.signal.removeEventListener("abort", this.#disconnected);
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
    const noticeMs = Math.min(maxNoticeMs, (expiresAt - this.#options.clock.now()) / 4);
    this.#at(expiresAt - noticeMs, () => this.#watcher?.expiring?.());
    // The renewal follows the notice: a client that has sent a new token by then does not need it.
    if (this.#options.renew !== undefined) this.#at(expiresAt - noticeMs / 2, () => this.#renew(expiresAt));
    this.#at(expiresAt, () => this.end(this.#denialAtExpiry));
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
    else this.end(this.#isTokenRefused(answer) ? { ...permissionExpired, reason: decision.reason } : decision);
  }

  /** The renewal has used the token of the beginning; the client may have a newer one, which it shows when it returns. */
  #isTokenRefused(answer: Permission | Denial): boolean {
    return !answer.granted && answer.kind === "unauthorized";
  }

  /** Retries the renewal. The permission holds until its expiry; after that, the client may retry, as `denial` says. */
  #tryAgain(denial: Denial, expiresAt: number): void {
    this.#denialAtExpiry = denial;
    const leftMs = expiresAt - this.#options.clock.now();
    if (leftMs > minRenewalMs) this.#at(expiresAt - leftMs / 2, () => this.#renew(expiresAt));
  }

  #replace(permission: Permission): void {
    const { access } = this.#permission;
    this.#permission = withoutContent(permission);
    this.#denialAtExpiry = permissionExpired;
    this.#schedule();
    if (permission.access !== access) this.#watcher?.changed?.();
  }
}
