import type { Ticker, Ticking } from "../lib/time/ticker.ts";
import type { RowId } from "../storage/store.ts";
import type { OpenChannel } from "../transport/channel.ts";
import { closeReasons } from "../transport/close-reason.ts";
import type { TransportLimits } from "../transport/limits.ts";
import { Audience, type AudienceOwner } from "./audience.ts";
import { Awareness } from "./awareness/awareness.ts";
import type { AwarenessEntry } from "./awareness/awareness-codec.ts";
import type { AwarenessOwner, WorkAccount } from "./awareness/awareness-owner.ts";
import type { AwarenessBound, Drops } from "./awareness/drop-counts.ts";
import type { PresenceNodes } from "./awareness/nodes/presence-nodes.ts";
import { GuestAudience, isGuest, type PresenceGuest } from "./awareness/presence-guest.ts";
import type { Changes } from "./changes.ts";
import type { CommitQueue } from "./commit/commit-queue.ts";
import type { Durability } from "./commit/durability.ts";
import type { RunBuffers } from "./commit/update-run.ts";
import { Document } from "./document/document.ts";
import { DocumentDeleted, deletedDenial, throwIfDeleted } from "./document/document-deleted.ts";
import type { DocumentOptions } from "./document/document-options.ts";
import type { DocumentParts } from "./document/document-parts.ts";
import type { DocumentState } from "./document/document-state.ts";
import { WaitingUpdates } from "./document/waiting-updates.ts";
import type { DocumentSpaceCollaborators } from "./document-space.ts";
import type { DroppedMessages } from "./dropped-messages.ts";
import type { RelayLimits } from "./limits.ts";
import type { RoomEvents } from "./room-events.ts";
import type { SnapshotBudget } from "./snapshot/snapshot-budget.ts";
import { type MemberRun, Submissions, type SubmissionsRoom } from "./submissions.ts";
import { SyncAnswers } from "./sync-answers.ts";
import { refuseUndecodable } from "./sync-codec.ts";
import type { SyncMember } from "./sync-member.ts";

/** A reading looks so often for updates of other nodes that come late. Where others write all the time, some always do. */
const mostLooks = 2;

/** The collaborators that all sync rooms of a server share. */
export interface SyncRoomOptions extends DocumentOptions, Pick<DocumentSpaceCollaborators, "limitedLog"> {
  readonly queue: CommitQueue;
  readonly buffers: RunBuffers;
  readonly durability: Durability;
  readonly changes: Changes;
  readonly events: RoomEvents;
  readonly snapshots: SnapshotBudget;
  readonly dropped: DroppedMessages;
  /** Calls every room with members each few seconds. */
  readonly ticker: Ticker;
  /** Whether the awareness and the stateless messages of members that may only read are forwarded. */
  readonly readersShowPresence: boolean;
  /** The presence on the other nodes of a cluster. */
  readonly presenceNodes?: PresenceNodes | undefined;
  readonly openChannel: OpenChannel;
  readonly limits: RelayLimits & Pick<TransportLimits, "outboxBytes">;
}

/**
 * A document and its members: their awareness, the answers to their SyncStep1, and their updates (`Submissions`).
 *
 * Taking, sending and subscribing to the snapshot of a new member are one synchronous block, and so are advancing the
 * state and publishing an update: the member gets every update exactly once.
 */
export class SyncRoom implements Ticking, AudienceOwner, AwarenessOwner<SyncMember | PresenceGuest>, SubmissionsRoom {
  /** The updates of the room: takes them from its members, and from other parts of the server. */
  readonly updates: Submissions;
  readonly #options: SyncRoomOptions;
  readonly #document: Document;
  readonly #state: DocumentState;
  readonly #awareness: Awareness<SyncMember | PresenceGuest>;
  readonly #audience: Audience;
  readonly #guests: GuestAudience<SyncMember>;
  readonly #answers: SyncAnswers;
  #isDeleted = false;

  /** Throws `SessionError` storage-unavailable when the document cannot be read, or `DocumentDeleted`. */
  static async open(name: string, options: SyncRoomOptions): Promise<SyncRoom> {
    const waiting = new WaitingUpdates<MemberRun>();
    return new SyncRoom(await Document.open(name, waiting, options), waiting, options);
  }

  private constructor(document: Document, waiting: WaitingUpdates<MemberRun>, options: SyncRoomOptions) {
    const { clock, limits } = options;
    this.#options = options;
    this.#document = document;
    this.#state = document.state;
    const audience = new Audience(options, this);
    this.#audience = audience;
    this.#answers = new SyncAnswers(options, { document, audience });
    this.updates = new Submissions({ shared: options, document, waiting, audience, room: this });
    this.#guests = new GuestAudience(audience);
    const nodes = options.presenceNodes?.of(document.name);
    this.#awareness = new Awareness({ clock, limits, audience: this.#guests, nodes }, this);
  }

  /** The name of the document. */
  get name(): string {
    return this.#document.name;
  }

  /** The row of the last committed update; 0 for a document without updates. */
  get sequence(): RowId {
    return this.#document.sequence;
  }

  /** As `Document.isComplete`. */
  get isComplete(): boolean {
    return this.#document.isComplete;
  }

  /** As `Document.complete`. */
  complete(): Promise<void> {
    return this.#document.complete();
  }

  /** Whether the document is deleted. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get members(): Iterable<SyncMember> {
    return this.#audience.members;
  }

  /** The present awareness states. */
  get presence(): readonly AwarenessEntry[] {
    return this.#awareness.present();
  }

  /**
   * Reads the whole committed content, up to its sequence as far as the store can be reached. Rejects with `SessionError` when
   * it cannot be read.
   */
  async parts(): Promise<DocumentParts> {
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const parts = await this.#document.parts();
      if (parts.isComplete) return parts;
      const hasLooked = await this.#document.complete().then(() => true, throwIfDeleted);
      if (hasLooked !== true) break;
    }
    return await this.#document.parts();
  }

  /** As `Document.expectEarlier`. */
  expectEarlier(): void {
    this.#document.expectEarlier();
  }

  /**
   * Reads what other nodes have written, and publishes it. Rejects with `DocumentDeleted` if it was deleted or purged, and
   * with `SessionError` when it cannot be read.
   */
  readAgain(): Promise<void> {
    return this.#document.readAgain();
  }

  /** Compacts what is committed. Resolves also if that is not possible. */
  compact(): Promise<void> {
    return this.#document.compact();
  }

  /** Reports that the document was deleted: all members leave, none can join, and it takes no more updates. */
  deleted(): void {
    this.#isDeleted = true;
    for (const member of [...this.#audience.members]) {
      this.leave(member);
      member.ended?.(deletedDenial);
    }
    for (const guest of [...this.#guests.guests]) {
      this.removeGuest(guest);
      guest.ended();
    }
  }

  /** The latest clock of a client's awareness; undefined for one that is not known. */
  awarenessClockOf(clientId: number): number | undefined {
    return this.#awareness.clientOf(clientId)?.clock;
  }

  /** Adds a guest, whose states `updateGuest` takes until `removeGuest`. Throws `DocumentDeleted`. */
  addGuest(guest: PresenceGuest): void {
    if (this.#isDeleted) throw new DocumentDeleted();
    if (!this.#isVisited) this.#options.ticker.add(this);
    this.#guests.add(guest);
    this.#awareness.joined(guest);
  }

  /** Removes a guest, and the state that is its own. Idempotent. */
  removeGuest(guest: PresenceGuest): void {
    if (!this.#guests.delete(guest)) return;
    this.#awareness.left(guest);
    if (!this.#isVisited) this.#options.ticker.delete(this);
  }

  /** Takes an awareness update of a guest. */
  updateGuest(guest: PresenceGuest, body: Uint8Array): void | Promise<void> {
    return this.#awareness.updateReceived(guest, body);
  }

  /** Throws `DocumentDeleted`. */
  join(member: SyncMember): void {
    if (this.#isDeleted) throw new DocumentDeleted();
    if (!this.#isVisited) this.#options.ticker.add(this);
    if (this.#options.events.isWatched) this.#report(member, { room: "room.opened", user: "user.joined" });
    this.#audience.add(member);
    this.#awareness.joined(member);
  }

  /** Sends a member SyncStep1, to get the updates that the document lacks. */
  ask(member: SyncMember): void {
    this.#audience.send(member, member.encoding.syncStep1(this.#state.stateVector()));
  }

  leave(member: SyncMember): void {
    if (!this.#audience.has(member)) return;
    this.#answers.left(member);
    this.updates.left(member);
    this.#audience.remove(member);
    this.#awareness.left(member);
    if (!this.#isVisited) this.#options.ticker.delete(this);
    if (this.#options.events.isWatched) this.#report(member, { room: "room.closed", user: "user.left" });
  }

  tick(): void {
    this.#audience.check();
    this.#awareness.removeExpired();
  }

  /** As `SyncAnswers.sync`. */
  sync(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    const answered = this.#answers.sync(member, stateVector);
    this.#awareness.frameReceived(member, answered);
    return answered;
  }

  /** Takes an awareness update. Throws, or rejects with, `SessionError` for a malformed one. */
  updateAwareness(member: SyncMember, body: Uint8Array): void | Promise<void> {
    if (this.mayBeSeen(member)) return refuseUndecodable(() => this.#awareness.updateReceived(member, body));
    this.#awareness.updateIgnored(member);
  }

  /** Reports that the `access` of a member has changed. */
  accessChanged(member: SyncMember): void {
    if (!this.mayBeSeen(member)) this.#awareness.hidden(member);
  }

  /**
   * Sends a stateless message of the application to all members whose protocol has such messages, except `sender`;
   * without a sender the message comes from the server. A message of a member that may not be shown is dropped.
   */
  broadcastStateless(payload: string, sender?: SyncMember): void | Promise<void> {
    if (sender !== undefined && !this.mayBeSeen(sender)) return;
    return this.#audience.broadcast((encoding) => encoding.stateless?.(payload), sender);
  }

  /** Answers a query for all awareness states. */
  queryAwareness(member: SyncMember): void {
    this.#awareness.frameReceived(member);
    this.#awareness.queryReceived(member);
  }

  /**
   * Called for a room without members. Resolves when all updates are stored and the document is compacted, if it can
   * be.
   */
  async close(): Promise<void> {
    await this.updates.settled();
    await this.#document.close();
  }

  /** Makes `close` wait for no compaction any more. */
  skipCompaction(): void {
    this.#document.skipCompaction();
  }

  /** Stands for the room in the snapshot budget. */
  get room(): object {
    return this.#document;
  }

  stateVector(): Uint8Array {
    return this.#state.stateVector();
  }

  caughtUp(member: SyncMember, behindMs: number): void {
    this.#awareness.caughtUp(member, behindMs);
    this.#answers.caughtUp(member);
  }

  answerNeeded(member: SyncMember, stateVector: Uint8Array): void {
    this.#answers.answerLate(member, stateVector);
  }

  dropped(sender: SyncMember | PresenceGuest | undefined, bound: AwarenessBound, drops: Drops): void {
    if (sender === undefined) this.#options.dropped.report("another node", bound, drops);
    else if (isGuest(sender)) sender.dropped(bound, drops);
    else this.#options.dropped.report(sender.connection, bound, drops);
  }

  accountOf(sender: SyncMember | PresenceGuest): WorkAccount {
    return isGuest(sender) ? sender.account : sender.connection;
  }

  /** Whether the room has members or guests. */
  get #isVisited(): boolean {
    return this.#audience.hasMembers || this.#guests.hasGuests;
  }

  received(member: SyncMember): void {
    this.#awareness.frameReceived(member);
  }

  /** Asks a member for the updates that the document lacks. Returns false if it must not be asked. */
  askAgain(member: SyncMember): boolean {
    const isAllowed = this.#audience.has(member) && member.access === "write" && member.mayBeAsked?.() !== false;
    if (isAllowed) this.ask(member);
    return isAllowed;
  }

  /**
   * Called when the queue has given up. The clients still hold their updates, and send them again when they reconnect.
   */
  discarded(): void {
    for (const { connection } of [...this.#audience.members]) connection.close(closeReasons.storageUnavailable);
  }

  /** Reports that a member comes, or has gone, which is not in the audience. */
  #report(
    { user }: SyncMember,
    types: { readonly room: "room.opened" | "room.closed"; readonly user: "user.joined" | "user.left" },
  ): void {
    const { events } = this.#options;
    const document = this.name;
    const reportUser = () => {
      if (user === undefined) return;
      for (const other of this.#audience.members) if (other.user === user) return;
      events.happened({ type: types.user, document, user });
    };
    // A room opens before its first user comes, and closes after its last one has gone.
    if (types.room === "room.closed") reportUser();
    if (!this.#audience.hasMembers) events.happened({ type: types.room, document });
    if (types.room === "room.opened") reportUser();
  }

  /** Whether the others are shown the awareness and the stateless messages of a member. */
  mayBeSeen({ access }: SyncMember): boolean {
    return access === "write" || this.#options.readersShowPresence;
  }
}
