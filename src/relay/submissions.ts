import type { FollowedUpdate, RowId, Store } from "../storage/store.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Frame } from "../transport/connection.ts";
import type { Audience } from "./audience.ts";
import type { Changes } from "./changes.ts";
import type { CommitQueue } from "./commit/commit-queue.ts";
import type { Durability, TaskGroup } from "./commit/durability.ts";
import { type RunBuffers, type RunOwner, UpdateRun } from "./commit/update-run.ts";
import { CompactorClosed } from "./compaction/compactor.ts";
import type { Classification } from "./document/comparison/classification.ts";
import type { Document } from "./document/document.ts";
import { DocumentDeleted } from "./document/document-deleted.ts";
import type { DocumentState } from "./document/document-state.ts";
import type { LogReader } from "./document/reading/log-reader.ts";
import { turnsOf } from "./document/run-in-turns.ts";
import type { Finding } from "./document/size-limit.ts";
import { classifyReceived, readReceived, type UpdateLimits, type WorkAccount } from "./document/update-intake.ts";
import type { WaitingUpdates } from "./document/waiting-updates.ts";
import {
  DocumentSpace,
  type DocumentSpaceCollaborators,
  type DocumentSpaceOptions,
  type SpaceRoom,
} from "./document-space.ts";
import type { NewUpdate } from "./refused-members.ts";
import type { FrameSubmission, Origin, Submission, SubmissionOutcome } from "./submission.ts";
import type { SyncMember } from "./sync-member.ts";
import type { DecodedUpdate } from "./update/trim-update.ts";
import { contentsOf, type UpdateContents } from "./update/update-contents.ts";

/** The room of submissions, as far as they need it. */
export interface SubmissionsRoom extends SpaceRoom {
  readonly isDeleted: boolean;
  /** A member has sent an update. */
  received(member: SyncMember): void;
  /** The store has given up, and all updates that waited for it are discarded. */
  discarded(): void;
}

/** The collaborators that the submissions of all rooms share. */
export interface SubmissionsCollaborators extends DocumentSpaceCollaborators {
  readonly queue: CommitQueue;
  readonly durability: Durability;
  readonly store: Pick<Store, "appendIf">;
  readonly buffers: RunBuffers;
  /** Informed of every update that is committed. */
  readonly changes: Changes;
  readonly limits: DocumentSpaceCollaborators["limits"] & UpdateLimits;
}

export interface SubmissionsOptions extends DocumentSpaceOptions {
  readonly shared: SubmissionsCollaborators;
  readonly document: Document;
  readonly waiting: WaitingUpdates<MemberRun>;
  readonly room: SubmissionsRoom;
  readonly audience: Audience;
}

/** The updates of a member in one turn, or one update of the server. */
export type MemberRun = UpdateRun<SyncMember | undefined, Origin>;

/** A decoded submission. */
interface Received {
  readonly submission: Submission;
  readonly contents: UpdateContents;
  /** Set when the update has waited for a compaction, because the document had no space for it. */
  readonly finding: Finding | undefined;
}

/** The group of origins without a connection. */
const alone: TaskGroup = { cork: (task) => task() };

/**
 * The updates of a room, from `submit` to their acknowledgements.
 *
 * `submit` decodes an update, `#accept` has it classified (`DocumentState.classify`) and asks `DocumentSpace` whether the
 * document has space for it, `#add` joins it to the updates that the member has sent in this turn (`UpdateRun`), which
 * wait (`WaitingUpdates`) in the `CommitQueue`. Once they are committed, the queue calls `committed`, which advances the
 * state, publishes them as one (`Audience.publishUpdate`) and registers their origins (`Durability.whenDurable`).
 * `Durability` calls `Submission.stored` of each when they are durable; a session then sends the acknowledgement.
 *
 * `submitFrame` does the same for the commonest update, without building objects from it.
 *
 * An update is committed before any other member receives it, so it survives `kill -9` by then. Advancing the state and
 * publishing are one synchronous block: a member that joins gets every update exactly once.
 */
export class Submissions implements RunOwner<SyncMember | undefined, Origin>, LogReader {
  readonly #options: SubmissionsOptions;
  readonly #state: DocumentState;
  readonly #space: DocumentSpace;
  /** Members that were asked to fill a gap that is still open. */
  readonly #askedMembers = new Set<SyncMember>();
  /** Whether updates of other nodes were committed while updates waited: the document may hold what waits. */
  #hasAdvanced = false;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    this.#state = options.document.state;
    this.#space = new DocumentSpace(options);
    options.document.reportTo(this);
  }

  /**
   * Takes an update: stores it, then forwards it, then calls `Submission.stored`. For an update with nothing new only
   * `stored` is called: when it is for the first copy, or at the end of the turn if that is durable or the update is
   * empty. Returns a promise when the document has to be read before the update can be classified, or compacted before its
   * size is known, and for a large update, which is read in the turns of its sender.
   *
   * Throws, or rejects with, `SessionError` for an update that is malformed, when the document cannot be read, and when it
   * is deleted.
   */
  submit(submission: Submission): SubmissionOutcome | Promise<SubmissionOutcome> {
    const { sender, update } = submission;
    if (this.#options.room.isDeleted) throw new DocumentDeleted();
    if (sender !== undefined) this.#options.room.received(sender);
    return readReceived(update, this.#accountOf(submission), this.#options.shared.limits, (contents) => {
      if (!contents.isEmpty) return this.#classifyLoaded({ submission, contents, finding: undefined });
      this.#tellWhenDurable(submission);
      return this.#taken(submission);
    });
  }

  /**
   * Takes the update that `submission.frame` has from `offset` to its end, if it is of the commonest shape, new, and
   * certain to be taken. Otherwise returns false and does nothing: the update must be submitted then.
   */
  submitFrame(submission: FrameSubmission, offset: number): boolean {
    const { room, shared, waiting } = this.#options;
    const { found } = shared.buffers;
    const { sender, frame } = submission;
    if (room.isDeleted || !found.read(frame, offset, frame.byteLength)) return false;
    const bytes = found.end - found.start;
    if (submission.access === "read" || !this.#space.isFree(bytes) || !this.#state.isContinuedBy(found)) return false;
    room.received(sender);
    waiting.includeFast(found);
    const open = this.#openRun(sender, bytes);
    if (open?.addFast(frame, found) === true) {
      this.#joined(open, submission, bytes);
      return true;
    }
    const run = this.#newRun({ sender }, frame);
    run.addFast(frame, found);
    this.#enqueue(run, submission);
    return true;
  }

  /**
   * Takes an update that another node has committed as `row`: publishes the part that is new, and stores nothing. The
   * order of the rows does not matter. Returns a promise when the document has to be read first.
   *
   * Throws, or rejects with, `DecodeError` for a malformed update, and `SessionError` when the document cannot be read.
   */
  advance({ row, update, user }: Omit<FollowedUpdate, "document">): void | Promise<void> {
    if (this.#options.document.hasRead(row)) return;
    const contents = contentsOf(update);
    const advance = () => this.#advance({ row, update, user }, contents);
    if (this.#state.canClassify(contents)) advance();
    else return this.#options.document.loaded(advance);
  }

  /** Whether a member sends faster than it reads, or than the store writes: its updates should wait until `whenTaken`. */
  isFullFor(member: SyncMember): boolean {
    const { audience, shared } = this.#options;
    return audience.isOwedMuch(member) || shared.queue.isFullFor(member.connection);
  }

  /** Calls `task` once, when the member has been sent some acknowledgements, or some of its updates are stored. */
  whenTaken(member: SyncMember, task: () => void): void {
    const { audience, shared } = this.#options;
    if (audience.isOwedMuch(member)) audience.whenAcknowledged(member, task);
    else shared.queue.whenFreeFor(member.connection, task);
  }

  /** Sends a member the acknowledgement of an update. */
  acknowledge(member: SyncMember, frame: Frame): void {
    this.#options.audience.send(member, frame, "acknowledgement");
  }

  /** As `acknowledge`, for an update that acknowledges itself and can be sent in pieces. */
  echo(member: SyncMember, update: Uint8Array): void {
    this.#options.audience.echo(member, update);
  }

  left(member: SyncMember): void {
    this.#askedMembers.delete(member);
    this.#space.left(member);
  }

  /** Whether no update waits for the store. */
  get isSettled(): boolean {
    return this.#options.waiting.last === undefined;
  }

  /** Resolves when no update waits for the store. */
  settled(): Promise<void> {
    return this.#options.waiting.settled();
  }

  /**
   * Advances the state, publishes the updates of a run and registers their origins, in one synchronous block. Called by
   * the commit queue inside `Durability.committed`.
   */
  committed(run: MemberRun, row: RowId): void {
    const { audience, waiting } = this.#options;
    const { update, contents } = run.sealed;
    const isNew = !(this.#hasAdvanced && this.#state.holds(contents));
    waiting.stored(run, contents);
    if (waiting.last === undefined) this.#hasAdvanced = false;
    // Another reading of the log may have found the row.
    if (!this.#options.document.hasRead(row)) this.#state.commit(update, contents, row);
    if (isNew) audience.publishUpdate(update, run);
    // No other update joins that of the server: the others, if there are any, were known because of it.
    if (run.sender === undefined) run.submissions[0]?.committed?.(row);
    for (const origin of run.submissions) this.#tellWhenDurable(origin);
    this.#stored(contents);
    this.#reportChange(update, row, run.user);
  }

  /** Publishes what a reading of the log has found, in the same synchronous block. */
  found(updates: readonly DecodedUpdate[]): void {
    const { audience, document, shared, waiting } = this.#options;
    for (const { contents, update } of updates) {
      this.#hasAdvanced ||= waiting.last !== undefined;
      audience.publishUpdate(update);
      this.#stored(contents);
      const change = { document: document.name, row: document.sequence, update, user: undefined, isFound: true };
      if (shared.changes.isWatched) shared.changes.committed(change);
    }
  }

  /**
   * Called when the queue has given up. The clients still hold their updates, and send them again when they reconnect.
   */
  discarded(): void {
    const runs = this.#options.waiting.discard();
    for (const run of runs) run.drop();
    this.#hasAdvanced = false;
    this.#options.room.discarded();
    for (const { submissions } of runs) for (const origin of submissions) origin.discarded?.();
  }

  #classifyLoaded(received: Received): SubmissionOutcome | Promise<SubmissionOutcome> {
    if (this.#state.canClassify(received.contents)) return this.#classify(received);
    return this.#options.document.loaded(() => this.#classify(received));
  }

  /** Classifies an update, and stores it unless it is known. The content must be loaded when the update has deletes. */
  #classify(received: Received): SubmissionOutcome | Promise<SubmissionOutcome> {
    const { submission, contents } = received;
    const account = this.#accountOf(submission);
    const decoded = { update: submission.update, contents };
    return classifyReceived(this.#state, decoded, account, (verdict) => this.#accept(received, verdict));
  }

  #accept(received: Received, verdict: Classification): SubmissionOutcome | Promise<SubmissionOutcome> {
    const { submission, finding } = received;
    const { sender } = submission;
    if (verdict.kind === "known") {
      const { last } = this.#options.waiting;
      if (verdict.committed || last === undefined) this.#tellWhenDurable(submission);
      else last.submissions.push(submission);
      return this.#taken(submission);
    }
    if (submission.access === "read") return "read-only";
    const { answersSyncStep1 = false } = submission;
    const decision = this.#space.check({ sender, answersSyncStep1, finding }, verdict);
    if (decision === "too-large") return decision;
    if (decision !== "fits") return this.#acceptAfter(decision, received);
    if (submission.isConditional === true && this.#options.shared.store.appendIf !== undefined) {
      void this.#appendIf(verdict.update, submission);
      return "taken";
    }
    this.#add(verdict, submission);
    if (verdict.kind === "incomplete" && sender !== undefined) this.#askOnce(sender);
    return this.#taken(submission);
  }

  /** Stores an update if no other node has changed the document, and then takes it as one that another node has stored. */
  async #appendIf(bytes: Uint8Array, submission: Submission): Promise<void> {
    const { document, shared } = this.#options;
    const [update, { user }] = [bytes.slice(), submission];
    try {
      const row = await shared.store.appendIf?.({ document: document.name, update, user }, document.sequence);
      if (row === undefined) {
        submission.changedElsewhere?.();
        return;
      }
      await this.advance({ row, update, user });
      submission.committed?.(row);
      submission.stored?.();
    } catch {
      submission.discarded?.();
    }
  }

  /** Classifies the update again: other updates may have been stored while the finding was made. */
  async #acceptAfter(finding: Promise<Finding>, received: Received): Promise<SubmissionOutcome> {
    try {
      const found = await finding;
      return await this.#options.document.loaded(() => this.#classify({ ...received, finding: found }));
    } catch (error) {
      if (error instanceof CompactorClosed) throw new SessionError(closeReasons.restart, "the server stops");
      throw error;
    }
  }

  #accountOf({ sender }: Submission): WorkAccount {
    return sender?.connection ?? { spend: () => {}, turns: turnsOf(this.#options.shared.clock) };
  }

  #taken({ sender, answersSyncStep1 }: Submission): SubmissionOutcome {
    if (answersSyncStep1 === true && sender !== undefined) this.#space.answered(sender);
    return "taken";
  }

  /** Joins an update to those that its sender has sent in this turn, or begins a new run with it. */
  #add(decoded: NewUpdate, submission: Submission): void {
    const { waiting } = this.#options;
    const { kind, update, contents } = decoded;
    const { sender } = submission;
    waiting.include(contents);
    // One that leaves a gap continues none of them.
    const open = sender && kind !== "incomplete" ? this.#openRun(sender, update.byteLength) : undefined;
    if (open?.add(decoded) === true) {
      this.#joined(open, submission, update.byteLength);
      return;
    }
    const run = this.#newRun(submission, update === submission.update ? submission.frame : undefined);
    run.add(decoded);
    this.#enqueue(run, submission);
  }

  /** The last run that waits, if an update of this member may join it. */
  #openRun(sender: SyncMember, bytes: number): MemberRun | undefined {
    const { shared, waiting } = this.#options;
    const { last } = waiting;
    if (last?.transaction === undefined || last.sender !== sender) return undefined;
    return shared.queue.mayGrow(last.transaction, bytes) ? last : undefined;
  }

  #joined(run: MemberRun, origin: Origin, bytes: number): void {
    run.submissions.push(origin);
    this.#options.waiting.grew(bytes);
    // This may discard everything that waits.
    if (run.transaction !== undefined) this.#options.shared.queue.grew(run.transaction, bytes);
  }

  #newRun({ sender, user }: Pick<Submission, "sender" | "user">, frame: Frame | undefined): MemberRun {
    const { document, shared } = this.#options;
    const { buffers } = shared;
    const origin = { sender, connection: sender?.connection, user: sender === undefined ? user : sender.user };
    return new UpdateRun({ owner: this, document: document.name, ...origin, frame, buffers });
  }

  #enqueue(run: MemberRun, origin: Origin): void {
    run.sender?.connection.spend("writes", 1);
    run.submissions.push(origin);
    this.#options.waiting.add(run);
    // This may discard everything that waits.
    run.transaction = this.#options.shared.queue.enqueue(run);
  }

  #advance({ row, update, user }: Omit<FollowedUpdate, "document">, contents: UpdateContents): void {
    const { audience, document, waiting } = this.#options;
    if (document.hasRead(row)) return;
    const rest = this.#state.uncommitted({ update, contents });
    this.#hasAdvanced ||= waiting.last !== undefined;
    this.#state.commit(update, contents, row);
    if (rest !== undefined) audience.publishUpdate(rest.update);
    this.#stored(contents);
    this.#reportChange(update, row, user);
  }

  #reportChange(update: Uint8Array, row: RowId, user: string | undefined): void {
    const { document, shared } = this.#options;
    document.committed(update.byteLength, row);
    if (shared.changes.isWatched) shared.changes.committed({ document: document.name, row, update, user });
  }

  #stored(contents: UpdateContents): void {
    if (this.#askedMembers.size > 0 && !this.#state.hasGaps) this.#askedMembers.clear();
    this.#space.stored(contents);
  }

  #tellWhenDurable(origin: Origin): void {
    if (origin.stored === undefined) return;
    this.#options.shared.durability.whenDurable(origin.sender?.connection ?? alone, origin);
  }

  /** Asks the sender of an update that leaves a gap: it most likely has the missing updates. */
  #askOnce(member: SyncMember): void {
    if (this.#askedMembers.has(member)) return;
    if (this.#options.room.askAgain(member)) this.#askedMembers.add(member);
  }
}
