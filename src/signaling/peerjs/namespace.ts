import { sha256 } from "../../lib/crypto/sha-256.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { IdClaim, IdGrant } from "../cluster/id-claim.ts";
import { type DirectedCluster, type DirectedHost, DirectedIds } from "../directed/directed-ids.ts";
import type { SignalingLimits } from "../limits.ts";
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
  readonly limits: PeerJsLimits & MailboxLimits & Pick<SignalingLimits, "livenessProbeMs">;
  readonly metrics: Metrics;
  /** The other nodes with clients of this key; undefined if there is only this server. */
  readonly cluster?: DirectedCluster | undefined;
}

/** How long a message for an id that is not connected is kept, as by PeerJS' own server. */
const keepMs = 5_000;

/**
 * How long a replaced socket stays open while its frames are ignored.
 *
 * Two tabs with the same id and token that reconnect at once would replace each other without end: this slows them down
 * to once per second.
 */
const replacedCloseMs = 1_000;

/** The clients that use one key, by their ids, and the messages for ids that are not connected yet. */
export class PeerJsNamespace implements WatchedRoom, DirectedHost {
  watcher: MessageWatcher | undefined;
  readonly #clock: Clock;
  readonly #members: Members<PeerJsMember>;
  readonly #mailbox: Mailbox;
  readonly #cluster: DirectedIds | undefined;

  constructor({ mailBudget: budget, clock, cluster, limits, metrics }: NamespaceOptions) {
    this.#clock = clock;
    this.#members = new Members(limits.peerjsMembers);
    const expired = (message: QueuedMessage) => this.#expire(message);
    const openMailbox = () => new Mailbox({ keepMs, expired, budget, clock, limits, metrics });
    this.#mailbox = openMailbox();
    if (cluster === undefined) return;
    const [mailbox, returned] = [this.#mailbox, openMailbox()];
    this.#cluster = new DirectedIds({ ...cluster, subject: "peerjs", host: this, mailbox, returned, clock, limits });
  }

  [Symbol.iterator](): IterableIterator<PeerJsMember> {
    return this.#members[Symbol.iterator]();
  }

  /** The ids of all clients, those of other nodes included. */
  get ids(): readonly string[] {
    const own = Array.from(this.#members, ({ id }) => id);
    return this.#cluster === undefined ? own : [...new Set([...own, ...this.#cluster.ids()])];
  }

  find(id: string): PeerJsMember | undefined {
    return this.#members.find(id);
  }

  /** False also for a member whose id another one has taken over. */
  holds(member: PeerJsMember): boolean {
    return this.#members.holds(member);
  }

  /** Claims an id among all nodes; undefined if there is only this server. */
  claim(id: string, token: string): IdClaim | undefined {
    return this.#cluster?.claim(id, proofOf(id, token));
  }

  /** Replaces a member with the same id at once; the caller retires it. */
  join(member: PeerJsMember, grant?: IdGrant | undefined): JoinOutcome {
    const outcome = this.#members.join(member);
    if (grant === undefined || outcome === "full") return outcome;
    const { connection, id, token } = member;
    this.#cluster?.opened({ id, proof: proofOf(id, token), groups: [], connection }, grant);
    return outcome;
  }

  /** Closes the connection of a member that has been replaced. */
  retire({ connection }: PeerJsMember): void {
    this.#clock.after(replacedCloseMs, () => connection.close(closeReasons.replaced));
  }

  /** Takes the frames that were queued for the member before it joined, in order. */
  collect({ id }: PeerJsMember): readonly string[] {
    // Messages that were sent before these may still be on their way back.
    if (this.#cluster?.holdsBack(id)) return [];
    return this.#mailbox.take(id).map(({ frame }) => frame);
  }

  /** Does nothing when another member has taken over the id. */
  leave(member: PeerJsMember): void {
    if (this.#members.leave(member)) this.#cluster?.closed(member.id);
  }

  /**
   * Sends a signal to its receiver, or queues it; false when the mailbox is full. Then the sender is told at once that the
   * message has expired, unless an earlier one to the same receiver is queued.
   */
  send(signal: PeerJsSignal, sender: PeerJsMember): boolean {
    const frame = encodeSignal(signal, sender.id);
    const receiver = this.#members.find(signal.dst);
    const isHeldBack = this.#cluster?.holdsBack(signal.dst) === true;
    if (receiver !== undefined && !isHeldBack) {
      receiver.connection.send(frame);
      this.watcher?.(sender.connection, receiver.connection);
      return true;
    }
    const { remoteAddress: address } = sender.connection;
    // A LEAVE for an offline receiver is not queued: that client never saw the connection.
    const needsConnection = signal.type === "LEAVE";
    const message = { sender: sender.id, receiver: signal.dst, frame, address, needsConnection };
    if (this.#cluster?.send(message)) return true;
    // The cluster may have begun to hold back the messages for this receiver.
    const mayWait = !needsConnection || this.#cluster?.holdsBack(signal.dst) === true;
    return mayWait ? this.#put(message) : true;
  }

  deliver({ frame, receiver }: QueuedMessage): boolean {
    const member = this.#members.find(receiver);
    member?.connection.send(frame);
    return member !== undefined;
  }

  keep(message: QueuedMessage): void {
    this.#put(message);
  }

  replaced(id: string): void {
    const member = this.#members.find(id);
    if (member !== undefined && this.#members.leave(member)) this.retire(member);
  }

  refused(id: string): void {
    const member = this.#members.find(id);
    if (member !== undefined && this.#members.leave(member))
      member.connection.refuse(closeReasons.idTaken, idTakenText);
  }

  close(): void {
    this.#cluster?.close();
    this.#mailbox.close();
  }

  #put(message: QueuedMessage): boolean {
    if (this.#mailbox.put(message)) return true;
    if (!this.#mailbox.holds(message)) this.#sendExpire(message);
    return false;
  }

  /** Reports once per pair: when its first message has expired, the later ones of the sender are useless. */
  #expire(message: QueuedMessage): void {
    this.#mailbox.discard(message);
    this.#sendExpire(message);
  }

  #sendExpire({ sender, receiver, needsConnection }: QueuedMessage): void {
    if (needsConnection) return;
    this.#members.find(sender)?.connection.send(encodeExpire({ src: receiver, dst: sender }));
  }
}

/** The text for a client that asks for the id of another one. */
export const idTakenText = "ID is taken";

/** Shows other nodes that a client knows the token of an id. They never get the token, which takes over the id. */
function proofOf(id: string, token: string): Uint8Array {
  return sha256(`${id}\0${token}`);
}
