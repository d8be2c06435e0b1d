import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Connection } from "../../transport/connection.ts";
import type { MailBudget } from "../mail-budget.ts";
import { Mailbox, type MailboxLimits, type QueuedMessage } from "../mailbox.ts";
import { type JoinOutcome, Members } from "../members.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import { encodeExpire, encodeSignal, type PeerJsSignal } from "./codec.ts";
import type { PeerJsLimits } from "./limits.ts";

/** A client that is connected. */
export interface PeerJsMember {
  readonly id: string;
  readonly token: string;
  readonly connection: Connection;
}

export interface NamespaceOptions {
  /** Bounds the messages of all mailboxes together. */
  readonly mailBudget: MailBudget;
  readonly clock: Clock;
  readonly limits: PeerJsLimits & MailboxLimits;
  readonly metrics: Metrics;
}

/** How long a message for an id that is not connected is kept, as by PeerJS' own server. */
const keepMs = 5_000;

/** The clients that use one key, by their ids, and the messages for ids that are not connected yet. */
export class PeerJsNamespace implements WatchedRoom {
  watcher: MessageWatcher | undefined;
  readonly #members: Members<PeerJsMember>;
  readonly #mailbox: Mailbox;

  constructor({ mailBudget: budget, clock, limits, metrics }: NamespaceOptions) {
    this.#members = new Members(limits.peerjsMembers);
    const expired = (message: QueuedMessage) => this.#expire(message);
    this.#mailbox = new Mailbox({ keepMs, expired, budget, clock, limits, metrics });
  }

  [Symbol.iterator](): IterableIterator<PeerJsMember> {
    return this.#members[Symbol.iterator]();
  }

  get ids(): readonly string[] {
    return Array.from(this.#members, ({ id }) => id);
  }

  find(id: string): PeerJsMember | undefined {
    return this.#members.find(id);
  }

  /** False also for a member whose id another one has taken over. */
  holds(member: PeerJsMember): boolean {
    return this.#members.holds(member);
  }

  /** Replaces a member with the same id at once; the caller closes its connection. */
  join(member: PeerJsMember): JoinOutcome {
    return this.#members.join(member);
  }

  /** Takes the frames that were queued for the member before it joined, in order. */
  collect({ id }: PeerJsMember): readonly string[] {
    return this.#mailbox.take(id).map(({ frame }) => frame);
  }

  /** Does nothing when another member has taken over the id. */
  leave(member: PeerJsMember): void {
    this.#members.leave(member);
  }

  /**
   * Sends a signal to its receiver, or queues it; false when the mailbox is full. Then the sender is told at once that the
   * message has expired, unless an earlier one to the same receiver is queued.
   */
  deliver(signal: PeerJsSignal, sender: PeerJsMember): boolean {
    const frame = encodeSignal(signal, sender.id);
    const receiver = this.#members.find(signal.dst);
    if (receiver !== undefined) {
      receiver.connection.send(frame);
      this.watcher?.(sender.connection, receiver.connection);
    }
    // A LEAVE for an offline receiver is not queued: that client never saw the connection.
    if (receiver !== undefined || signal.type === "LEAVE") return true;
    const { remoteAddress: address } = sender.connection;
    return this.#keep({ sender: sender.id, receiver: signal.dst, frame, address });
  }

  close(): void {
    this.#mailbox.close();
  }

  #keep(message: QueuedMessage): boolean {
    if (this.#mailbox.put(message)) return true;
    if (!this.#mailbox.holds(message)) this.#sendExpire(message);
    return false;
  }

  /** Reports once per pair: when its first message has expired, the later ones of the sender are useless. */
  #expire(message: QueuedMessage): void {
    this.#mailbox.discard(message);
    this.#sendExpire(message);
  }

  #sendExpire({ sender, receiver }: QueuedMessage): void {
    this.#members.find(sender)?.connection.send(encodeExpire({ src: receiver, dst: sender }));
  }
}
