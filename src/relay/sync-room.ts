import type { RowId } from "../storage/store.ts";
import type { OpenChannel } from "../transport/channel.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Frame } from "../transport/connection.ts";
import type { TransportLimits } from "../transport/limits.ts";
import { Audience } from "./audience.ts";
import { Awareness } from "./awareness/awareness.ts";
import type { CommitQueue } from "./commit/commit-queue.ts";
import type { Durability } from "./commit/durability.ts";
import { CompactorClosed } from "./compaction/compactor.ts";
import type { Classification } from "./document/classification.ts";
import { Document, type DocumentOptions } from "./document/document.ts";
import type { DocumentState } from "./document/document-state.ts";
import type { Finding } from "./document/size-limit.ts";
import { classifyReceived, readReceived } from "./document/update-intake.ts";
import { WaitingUpdates } from "./document/waiting-updates.ts";
import { DocumentSpace, type DocumentSpaceOptions } from "./document-space.ts";
import type { DroppedMessages } from "./dropped-messages.ts";
import type { RelayLimits } from "./limits.ts";
import type { SnapshotBudget } from "./snapshot/snapshot-budget.ts";
import { SyncAnswers } from "./sync-answers.ts";
import { refuseUndecodable } from "./sync-codec.ts";
import type { Submission, SubmissionOutcome, SyncMember } from "./sync-member.ts";
import type { UpdateContents } from "./update/update-contents.ts";

/** The collaborators that all sync rooms of a server share. */
export interface SyncRoomOptions extends DocumentOptions, Pick<DocumentSpaceOptions, "limitedLog"> {
  readonly queue: CommitQueue;
  readonly durability: Durability;
  readonly snapshots: SnapshotBudget;
  readonly dropped: DroppedMessages;
  /** Whether the awareness and the stateless messages of members that may only read are forwarded. */
  readonly readersShowPresence: boolean;
  readonly openChannel: OpenChannel;
  readonly limits: RelayLimits & Pick<TransportLimits, "outboxBytes">;
}

/** A decoded update, not changed since a member has sent it. */
interface Received extends Submission {
  readonly member: SyncMember;
  readonly contents: UpdateContents;
  /** Set when the update has waited for a compaction, because the document had no space for it. */
  readonly finding: Finding | undefined;
}

/** An update between `submit` and its commit. */
interface Submitted {
  readonly sender: SyncMember;
  /** The update that is stored and forwarded: the received one without its known part. */
  readonly update: Uint8Array;
  /** The frame in which the update came, when it is forwarded unchanged. */
  readonly frame: Frame | undefined;
  readonly contents: UpdateContents;
  readonly acknowledge: (() => void) | undefined;
  /** The acknowledgements of later copies, which must not be sent before this update is stored. */
  copyAcknowledgements: (() => void)[] | undefined;
}

/**
 * A document and its members.
 *
 * An update takes this way: `submit` decodes it, `#accept` has it classified (`DocumentState.classify`) and asks
 * `DocumentSpace` whether the document has space for it, `#enqueue` stages it and hands it to the `CommitQueue`. Once it is committed, the queue calls `#committed`, which advances the
 * state, publishes the update (`Audience.publishUpdate`) and registers its acknowledgement (`Durability.acknowledge`).
 * `Durability` sends that acknowledgement when the update is durable.
 *
 * An update is committed before any other member receives it, so it survives `kill -9` by then. Advancing the state and
 * publishing are one synchronous block, and so are taking, sending and subscribing to the snapshot of a new member: the
 * member gets every update exactly once.
 */
export class SyncRoom {
  readonly #options: SyncRoomOptions;
  readonly #document: Document;
  readonly #state: DocumentState;
  readonly #awareness: Awareness<SyncMember>;
  readonly #audience: Audience;
  readonly #answers: SyncAnswers;
  readonly #space: DocumentSpace;
  readonly #members = new Set<SyncMember>();
  /** Members that were asked to fill a gap that is still open. */
  readonly #askedMembers = new Set<SyncMember>();
  readonly #waiting = new WaitingUpdates<Submitted>();

  /** Throws `SessionError` storage-unavailable when the document cannot be read. */
  static async open(name: string, options: SyncRoomOptions): Promise<SyncRoom> {
    return new SyncRoom(await Document.open(name, options), options);
  }

  private constructor(document: Document, options: SyncRoomOptions) {
    const { clock, limits, openChannel, snapshots } = options;
    this.#options = options;
    this.#document = document;
    this.#state = document.state;
    this.#audience = new Audience({
      openChannel,
      snapshots,
      room: document,
      clock,
      limits,
      stateVector: () => this.#state.stateVector(),
      caughtUp: (member) => {
        this.#awareness.query(member);
        this.#answers.caughtUp(member);
      },
      answerNeeded: (member, stateVector) => this.#answers.answerLate(member, stateVector),
    });
    this.#answers = new SyncAnswers({ ...options, document, audience: this.#audience });
    this.#space = new DocumentSpace({
      ...options,
      document,
      waiting: this.#waiting,
      ask: (member) => this.#askAgain(member),
    });
    this.#awareness = new Awareness({
      clock,
      limits,
      audience: this.#audience,
      dropped: ({ connection }, bound, drops) => options.dropped.report(connection, bound, drops),
      accountOf: ({ connection }) => connection,
    });
  }

  /** The name of the document. */
  get name(): string {
    return this.#document.name;
  }

  join(member: SyncMember): void {
    this.#members.add(member);
    this.#audience.add(member);
    this.#awareness.joined(member);
  }

  /** Sends a member SyncStep1, to get the updates that the document lacks. */
  ask(member: SyncMember): void {
    this.#audience.send(member, member.encoding.syncStep1(this.#state.stateVector()));
  }

  leave(member: SyncMember): void {
    if (!this.#members.delete(member)) return;
    this.#askedMembers.delete(member);
    this.#answers.left(member);
    this.#space.left(member);
    this.#audience.remove(member);
    this.#awareness.left(member);
  }

  /** As `SyncAnswers.sync`. */
  sync(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    this.#awareness.frameReceived(member);
    return this.#answers.sync(member, stateVector);
  }

  /**
   * Takes an update from a member: stores it, then forwards it, then acknowledges it. An update with nothing new is
   * only acknowledged: when its first copy is, or immediately when it is empty. Returns a promise if that takes longer.
   * Throws, or rejects with, `SessionError` for an update that is malformed, or when the document cannot be read.
   */
  submit(member: SyncMember, submission: Submission): SubmissionOutcome | Promise<SubmissionOutcome> {
    this.#awareness.frameReceived(member);
    return readReceived(submission.update, member.connection, this.#options.limits, (contents) => {
      const received = { ...submission, member, contents, finding: undefined };
      const classify = () => this.#classify(received);
      if (!contents.isEmpty) return this.#state.canClassify(contents) ? classify() : this.#document.loaded(classify);
      this.#acknowledgementOf(received)?.();
      return this.#taken(received);
    });
  }

  /** Whether a member sends faster than it reads: its updates should wait until `whenAcknowledged`. */
  isOwedMuch(member: SyncMember): boolean {
    return this.#audience.isOwedMuch(member);
  }

  whenAcknowledged(member: SyncMember, task: () => void): void {
    this.#audience.whenAcknowledged(member, task);
  }

  /** Takes an awareness update. Throws, or rejects with, `SessionError` for a malformed one. */
  updateAwareness(member: SyncMember, body: Uint8Array): void | Promise<void> {
    if (this.#mayBeSeen(member)) return refuseUndecodable(() => this.#awareness.updateReceived(member, body));
    this.#awareness.updateIgnored(member);
  }

  /** Reports that the `access` of a member has changed. */
  accessChanged(member: SyncMember): void {
    if (!this.#mayBeSeen(member)) this.#awareness.hidden(member);
  }

  /**
   * Sends a stateless message of the application to all members whose protocol has such messages, except `sender`;
   * without a sender the message comes from the server. A message of a member that may not be shown is dropped.
   */
  broadcastStateless(payload: string, sender?: SyncMember): void | Promise<void> {
    if (sender !== undefined && !this.#mayBeSeen(sender)) return;
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
    await this.#waiting.settled();
    await this.#document.close();
  }

  /** Makes `close` wait for no compaction any more. */
  skipCompaction(): void {
    this.#document.skipCompaction();
  }

  #mayBeSeen({ access }: SyncMember): boolean {
    return access === "write" || this.#options.readersShowPresence;
  }

  /** Classifies an update, and stores it unless it is known. The content must be loaded when the update has deletes. */
  #classify(received: Received): SubmissionOutcome | Promise<SubmissionOutcome> {
    return classifyReceived(this.#state, received, (verdict) => this.#accept(received, verdict));
  }

  #accept(received: Received, verdict: Classification): SubmissionOutcome | Promise<SubmissionOutcome> {
    const { member, update, frame } = received;
    const acknowledge = this.#acknowledgementOf(received);
    if (verdict.kind === "known") {
      const { last } = this.#waiting;
      if (verdict.committed || last === undefined) acknowledge?.();
      else if (acknowledge !== undefined) {
        last.copyAcknowledgements ??= [];
        last.copyAcknowledgements.push(acknowledge);
      }
      return this.#taken(received);
    }
    if (member.access === "read") return "read-only";
    const decision = this.#space.check(received, verdict);
    if (decision === "too-large") return decision;
    if (decision !== "fits") return this.#acceptAfter(decision, received);
    this.#enqueue({
      sender: member,
      update: verdict.update,
      frame: verdict.update === update ? frame : undefined,
      contents: verdict.contents,
      acknowledge,
      copyAcknowledgements: undefined,
    });
    if (verdict.kind === "incomplete") this.#askOnce(member);
    return this.#taken(received);
  }

  /** Classifies the update again: other updates may have been stored while the finding was made. */
  async #acceptAfter(finding: Promise<Finding>, received: Received): Promise<SubmissionOutcome> {
    try {
      const found = await finding;
      return await this.#document.loaded(() => this.#classify({ ...received, finding: found }));
    } catch (error) {
      if (error instanceof CompactorClosed) throw new SessionError(closeReasons.restart, "the server stops");
      throw error;
    }
  }

  #taken({ member, answersSyncStep1 }: Received): SubmissionOutcome {
    if (answersSyncStep1 === true) this.#space.answered(member);
    return "taken";
  }

  /** Asks a member for the updates that the document lacks. Returns false if it must not be asked. */
  #askAgain(member: SyncMember): boolean {
    const isAllowed = this.#members.has(member) && member.access === "write" && member.mayBeAsked?.() !== false;
    if (isAllowed) this.ask(member);
    return isAllowed;
  }

  /** Stages an update and enqueues it for the store. */
  #enqueue(submitted: Submitted): void {
    const { update, contents } = submitted;
    this.#state.stage(contents);
    this.#waiting.add(submitted);
    this.#options.queue.enqueue({
      document: this.#document.name,
      update,
      committed: (row) => this.#committed(submitted, row),
      discarded: () => this.#discarded(),
    });
  }

  /** Asks the sender of an update that leaves a gap: it most likely has the missing updates. */
  #askOnce(member: SyncMember): void {
    if (this.#askedMembers.has(member)) return;
    if (this.#askAgain(member)) this.#askedMembers.add(member);
  }

  /**
   * Advances the state, publishes the update and registers its acknowledgements, in one synchronous block. Called by
   * the commit queue, which calls `Durability.committed` after this: the acknowledgements have to be registered by
   * then.
   */
  #committed(submitted: Submitted, row: RowId): void {
    const { sender, update, frame, contents, acknowledge } = submitted;
    this.#waiting.stored(submitted);
    this.#state.commit(update, contents, row);
    this.#audience.publishUpdate(
      update,
      (encoding) => (encoding === sender.encoding && frame !== undefined ? frame : encoding.update(update)),
      sender,
    );
    acknowledge?.();
    for (const acknowledgeCopy of submitted.copyAcknowledgements ?? []) acknowledgeCopy();
    if (this.#askedMembers.size > 0 && !this.#state.hasGaps) this.#askedMembers.clear();
    this.#space.stored(contents);
    this.#document.committed(update.byteLength);
  }

  /**
   * Called when the queue has given up. The clients still hold their updates, and send them again when they reconnect.
   */
  #discarded(): void {
    this.#state.discardStaged();
    this.#waiting.discard();
    for (const { connection } of this.#members) connection.close(closeReasons.storageUnavailable);
  }

  /** The function that registers the acknowledgement of an update, to be called once the update is committed. */
  #acknowledgementOf({ member, update, acknowledgement, isEchoed }: Received): (() => void) | undefined {
    if (acknowledgement === undefined) return undefined;
    return () => {
      this.#options.durability.acknowledge(member.connection, () => {
        if (isEchoed === true) this.#audience.echo(member, update, acknowledgement);
        else this.#acknowledge(member, acknowledgement());
      });
    };
  }

  #acknowledge(member: SyncMember, frame: Frame | undefined): void {
    if (frame !== undefined) this.#audience.send(member, frame, "acknowledgement");
  }
}
