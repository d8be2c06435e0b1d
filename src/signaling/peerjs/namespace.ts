import type { ByteBudget } from "../../lib/byte-budget.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Connection } from "../../transport/connection.ts";
import { Mailbox, type MailboxLimits, type QueuedMessage } from "../mailbox.ts";
import { type JoinOutcome, Members } from "../members.ts";
import { encodeExpire, encodeSignal, type Signal } from "./codec.ts";
import type { PeerJsLimits } from "./limits.ts";

/** A client that is connected. */
export interface PeerJsMember {
  readonly id: string;
  readonly token: string;
  readonly connection: Connection;
}

export interface NamespaceOptions {
  /** Of all mailboxes together. */
  readonly mailBudget: ByteBudget;
  readonly clock: Clock;
  readonly limits: PeerJsLimits & MailboxLimits;
  readonly metrics: Metrics;
}

/** PeerJS' own server gives up after this time. */
const keepMs = 5_000;

/** The clients that use one key, by their ids, and what waits for those that are to come. */
export class PeerJsNamespace {
  readonly #members: Members<PeerJsMember>;
  readonly #mailbox: Mailbox;

  constructor({ mailBudget: budget, clock, limits, metrics }: NamespaceOptions) {
    this.#members = new Members(limits.peerjsMembers);
    const expired = (message: QueuedMessage) => this.#expire(message);
    this.#mailbox = new Mailbox({ keepMs, expired, budget, clock, limits, metrics });
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

  /** A member with the same id gives way at once; its connection is for the caller to close. */
  join(member: PeerJsMember): JoinOutcome {
    return this.#members.join(member);
  }

  /** The frames that came before the member did, in order. */
  collect({ id }: PeerJsMember): readonly string[] {
    return this.#mailbox.take(id).map(({ frame }) => frame);
  }

  /** Nothing happens when another member has taken over the id. */
  leave(member: PeerJsMember): void {
    this.#members.leave(member);
  }

  /**
   * To the receiver, or into its mailbox; false where that is full. The sender hears at once that nobody will come, if
   * nothing else of it waits.
   */
  deliver(signal: Signal, sender: PeerJsMember): boolean {
    const frame = encodeSignal(signal, sender.id);
    const receiver = this.#members.find(signal.dst);
    receiver?.connection.send(frame);
    // Of a connection that its receiver has never heard of there is nothing to leave.
    if (receiver !== undefined || signal.type === "LEAVE") return true;
    return this.#keep({ sender: sender.id, receiver: signal.dst, frame });
  }

  close(): void {
    this.#mailbox.close();
  }

  #keep(message: QueuedMessage): boolean {
    if (this.#mailbox.put(message)) return true;
    if (!this.#mailbox.holds(message)) this.#tellOfAbsence(message);
    return false;
  }

  /** Once per pair: with its first message the others of a sender have lost their sense. */
  #expire(message: QueuedMessage): void {
    this.#mailbox.discard(message);
    this.#tellOfAbsence(message);
  }

  #tellOfAbsence({ sender, receiver }: QueuedMessage): void {
    this.#members.find(sender)?.connection.send(encodeExpire({ src: receiver, dst: sender }));
  }
}
