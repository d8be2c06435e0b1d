import type { Clock } from "../../lib/time/clock.ts";
import { PacedTask } from "../../lib/time/paced-task.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { AwarenessAudience } from "./awareness-audience.ts";
import { type AwarenessEntry, encodeAwareness } from "./awareness-codec.ts";

export interface PresenceAnswersOptions<Member> {
  readonly clock: Clock;
  readonly audience: Pick<AwarenessAudience<Member>, "sendAwareness">;
}

export interface PresenceAnswersOwner<Member> {
  /** Returns the entries of all clients that have a state. */
  present(): readonly AwarenessEntry[];
  /** So many entries are going to be encoded for `member`. */
  spend(member: Member, entries: number): void;
}

/** A query has two bytes, and its answer has all states. One member gets one in this time. */
const intervalMs = 1_000;
/** The answers to the queries of all members of a room: per second 300 answers with the cursors of 200 members. */
const answerBytes = { burst: 2 ** 20, perSecond: 2 ** 24 };

/**
 * Sends members all states of a room: to those that join at once, to those that ask at a bounded rate.
 *
 * The states are encoded once between two broadcasts, however many members are sent them. What has changed since then
 * is in the next broadcast, which reaches a member that is subscribed.
 */
export class PresenceAnswers<Member> {
  readonly #options: PresenceAnswersOptions<Member>;
  readonly #owner: PresenceAnswersOwner<Member>;
  readonly #tasks = new Map<Member, PacedTask>();
  /** Members whose answers wait for the rate of the room, in the order of their queries. */
  readonly #waiting = new Set<Member>();
  /** Undefined until the first query. */
  #openedRate: TokenBucket | undefined;
  #body: Uint8Array | undefined;
  #cancelAnswers: (() => void) | undefined;

  constructor(options: PresenceAnswersOptions<Member>, owner: PresenceAnswersOwner<Member>) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Sends `member` all states now. */
  send(member: Member): void {
    const body = this.#encoded(member);
    if (body.byteLength > 1) this.#options.audience.sendAwareness(member, body);
  }

  /** Answers a query of `member`: at once, unless it or the room has had much. Several queries can get one answer. */
  request(member: Member): void {
    let task = this.#tasks.get(member);
    if (task === undefined) {
      task = new PacedTask({ task: () => this.#enqueue(member), intervalMs, clock: this.#options.clock });
      this.#tasks.set(member, task);
    }
    task.request();
  }

  /** The changes up to now are being broadcast. */
  changesSent(): void {
    this.#body = undefined;
  }

  left(member: Member): void {
    this.#tasks.get(member)?.cancel();
    this.#tasks.delete(member);
    this.#waiting.delete(member);
  }

  /** The room is empty: all members have left. */
  clear(): void {
    this.#body = undefined;
    this.#cancelAnswers?.();
    this.#cancelAnswers = undefined;
  }

  #enqueue(member: Member): void {
    this.#waiting.add(member);
    if (this.#cancelAnswers === undefined) this.#answer();
  }

  #answer(): void {
    this.#cancelAnswers = undefined;
    for (const member of this.#waiting) {
      const bytes = Math.min(this.#encoded(member).byteLength, answerBytes.burst);
      if (!this.#rate.take(bytes)) {
        this.#cancelAnswers = this.#options.clock.after(this.#rate.waitMs(bytes), () => this.#answer());
        return;
      }
      this.#waiting.delete(member);
      this.send(member);
    }
  }

  get #rate(): TokenBucket {
    this.#openedRate ??= new TokenBucket({ ...answerBytes, clock: this.#options.clock });
    return this.#openedRate;
  }

  #encoded(member: Member): Uint8Array {
    if (this.#body === undefined) {
      const entries = this.#owner.present();
      this.#owner.spend(member, entries.length);
      this.#body = encodeAwareness(entries);
    }
    return this.#body;
  }
}
