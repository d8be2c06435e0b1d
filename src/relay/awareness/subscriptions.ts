import { SmallMap } from "../../lib/collections/small-map.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Turns } from "../../transport/work.ts";

export interface SubscriptionsOptions {
  readonly clock: Clock;
}

export interface SubscriptionsOwner<Member> {
  /** From now on `member` is sent what is broadcast. Called once for each member. */
  subscribed(member: Member): void;
  /** The turns in which the frames of `member` are handled. */
  turnsOf(member: Member): Pick<Turns, "wait">;
}

interface Subscription {
  hasSentFrame: boolean;
  cancel: (() => void) | undefined;
}

/** A member is subscribed this long after its first frame, or earlier, with its own awareness. */
const delayMs = 100;
/**
 * A member that sends nothing is subscribed this long after `joined`. It is longer than a round trip on a slow link,
 * see `frameReceived`.
 */
const silentDelayMs = 1_000;

/** The time from which each member is sent the states of the others: rule (a) of `Awareness`. */
export class Subscriptions<Member extends object | string> {
  readonly #options: SubscriptionsOptions;
  readonly #owner: SubscriptionsOwner<Member>;
  /** The members that are not subscribed yet. */
  readonly #waiting = new SmallMap<Member, Subscription>();

  constructor(options: SubscriptionsOptions, owner: SubscriptionsOwner<Member>) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Whether `member` is sent what is broadcast. */
  isSubscribed(member: Member): boolean {
    return !this.#waiting.has(member);
  }

  joined(member: Member): void {
    const subscription: Subscription = { hasSentFrame: false, cancel: undefined };
    this.#waiting.set(member, subscription);
    this.#subscribeAfter(member, subscription, silentDelayMs);
  }

  /**
   * Called for each frame of `member`. Only the first counts: the client's own awareness follows it in the same
   * instant, and waits until the first frame is `handled`.
   */
  frameReceived(member: Member, handled?: Promise<void> | void): void {
    const subscription = this.#waiting.get(member);
    if (subscription === undefined || subscription.hasSentFrame) return;
    subscription.hasSentFrame = true;
    subscription.cancel?.();
    const begin = () => this.#subscribeAfter(member, subscription, delayMs);
    if (handled === undefined) begin();
    else void handled.then(begin, begin);
  }

  /** Subscribes `member` now. Returns false when it is subscribed already. */
  subscribe(member: Member): boolean {
    const subscription = this.#waiting.get(member);
    if (subscription === undefined) return false;
    this.#waiting.delete(member);
    subscription.cancel?.();
    this.#owner.subscribed(member);
    return true;
  }

  left(member: Member): void {
    this.#waiting.get(member)?.cancel?.();
    this.#waiting.delete(member);
  }

  /** Frames that have come by then are handled first: on a busy server they wait for their turns. */
  #subscribeAfter(member: Member, subscription: Subscription, afterMs: number): void {
    let isAwaited = true;
    const due = () => {
      if (isAwaited) this.subscribe(member);
    };
    subscription.cancel?.();
    const cancel = this.#options.clock.after(afterMs, () => this.#owner.turnsOf(member).wait(due));
    subscription.cancel = () => {
      isAwaited = false;
      cancel();
    };
  }
}
