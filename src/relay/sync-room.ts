import type { Limits } from "../config/limits.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../ops/log.ts";
import type { RowId, Store, StoredDocument } from "../storage/store.ts";
import type { OpenChannel } from "../transport/channel.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Frame } from "../transport/connection.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import { Audience } from "./audience.ts";
import { Awareness } from "./awareness.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { type Compactor, CompactorClosed, shouldCompact } from "./compaction.ts";
import { DocumentState } from "./document-state.ts";
import type { SyncMember } from "./sync-member.ts";
import type { UpdateContents } from "./update-contents.ts";

/** What all sync rooms of a server share. */
export interface SyncRoomOptions {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly acknowledgements: Acknowledgements;
  readonly compactor: Compactor;
  readonly openChannel: OpenChannel;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
}

/** An update between `submit` and its commit. */
interface Submitted {
  readonly sender: SyncMember;
  /** What is stored and forwarded: what was sent, less what was known of it. */
  readonly update: Uint8Array;
  /** The update as its sender framed it, when it is forwarded unchanged. */
  readonly frame: Frame | undefined;
  readonly contents: UpdateContents;
  acknowledge(): void;
  /** Acknowledgements of later copies, which must not come before this one is stored. */
  readonly copies: (() => void)[];
}

/**
 * A document and its members.
 *
 * What a member has received survives `kill -9`: an update is committed before anyone else sees it. State advance and
 * publish are one synchronous block, and so are snapshot, send and subscribe of a joiner: it gets every update once.
 */
export class SyncRoom {
  readonly #name: string;
  readonly #options: SyncRoomOptions;
  readonly #state: DocumentState;
  readonly #awareness: Awareness<SyncMember>;
  readonly #audience: Audience;
  readonly #members = new Set<SyncMember>();
  /** Were asked for what is missing, and it is not complete yet. */
  readonly #asked = new Set<SyncMember>();
  /** The last SyncStep1 of each member that is still being sent the answer to an earlier one. */
  readonly #unanswered = new Map<SyncMember, Uint8Array>();
  #submittedCount = 0;
  #submittedBytes = 0;
  #lastSubmitted: Submitted | undefined;
  #whenStored: (() => void)[] = [];
  #compacting: Promise<void> | undefined;
  #isHurried = false;
  readonly #hurried = Promise.withResolvers<void>();
  /** No compaction is tried below this size of the tail. */
  #compactionBytes = 0;

  /** Throws `SessionError` storage-unavailable when the document cannot be read. */
  static async open(name: string, options: SyncRoomOptions): Promise<SyncRoom> {
    try {
      return new SyncRoom(name, await options.store.load(name), options);
    } catch (error) {
      options.log.error({ event: "document-unreadable", err: error });
      throw new SessionError(closeReasons.storageUnavailable, "the document cannot be read at the moment");
    }
  }

  private constructor(name: string, stored: StoredDocument | undefined, options: SyncRoomOptions) {
    const { clock, limits, openChannel } = options;
    this.#name = name;
    this.#options = options;
    this.#state = new DocumentState(stored);
    this.#audience = new Audience({ openChannel, clock, limits, caughtUp: (member) => this.#caughtUp(member) });
    this.#awareness = new Awareness({
      clock,
      limits,
      broadcast: (body) => this.#audience.publishAwareness(body),
      tell: (member, body) => this.#audience.send(member, member.encoding.awareness(body)),
      introduced: (member) => this.#audience.introduce(member),
    });
  }

  /** Takes a member in and asks it for what the document lacks. */
  join(member: SyncMember): void {
    this.#members.add(member);
    this.#audience.add(member);
    this.#audience.send(member, member.encoding.syncStep1(this.#state.stateVector()));
    this.#awareness.joined(member);
  }

  leave(member: SyncMember): void {
    if (!this.#members.delete(member)) return;
    this.#asked.delete(member);
    this.#unanswered.delete(member);
    this.#audience.remove(member);
    this.#awareness.left(member);
  }

  /** Answers SyncStep1. Throws `SessionError` for a malformed state vector. */
  sync(member: SyncMember, stateVector: Uint8Array): void {
    this.#awareness.heard(member);
    // One snapshot at a time: to who asks faster than it reads, only its last question counts.
    if (this.#audience.isBehind(member)) this.#unanswered.set(member, stateVector);
    else this.#audience.sendSnapshot(member, member.encoding.syncStep2(this.#state.diff(stateVector)));
  }

  /**
   * Takes an update from a member: stores it, then forwards it, then acknowledges it. One that holds nothing new is
   * acknowledged when its first copy is stored, and nothing else.
   *
   * Throws `SessionError` for an update that is malformed or makes the document too large. Returns false for one that
   * changes the document although the member may only read.
   */
  submit(member: SyncMember, update: Uint8Array, frame?: Frame): boolean {
    this.#awareness.heard(member);
    const verdict = this.#state.classify(update);
    if (verdict.kind === "malformed") throw new SessionError(closeReasons.malformedFrame, verdict.detail);
    const acknowledge = () => this.#acknowledge(member, update, frame);
    if (verdict.kind === "known") {
      // An update that holds nothing is the SyncStep2 of a client that brings nothing: nobody waits for an answer.
      if (verdict.contents.isEmpty) return true;
      if (verdict.committed || this.#lastSubmitted === undefined) acknowledge();
      else this.#lastSubmitted.copies.push(acknowledge);
      return true;
    }
    if (member.access === "read") return false;
    this.#checkSize(verdict.update);
    this.#store({
      sender: member,
      update: verdict.update,
      frame: verdict.update === update ? frame : undefined,
      contents: verdict.contents,
      acknowledge,
      copies: [],
    });
    if (verdict.kind === "incomplete") this.#ask(member);
    return true;
  }

  /** Takes an awareness update. Throws `SessionError` for a malformed one. */
  announce(member: SyncMember, body: Uint8Array): void {
    this.#awareness.received(member, body);
  }

  /** Answers a query for all awareness states. */
  queryAwareness(member: SyncMember): void {
    this.#awareness.heard(member);
    this.#awareness.query(member);
  }

  /** For a room without members: resolves when all is stored and compacted, as far as it can be. */
  async close(): Promise<void> {
    if (this.#submittedCount > 0) await new Promise<void>((resolve) => this.#whenStored.push(resolve));
    await this.#compacted();
    if (!this.#isHurried && this.#state.tailBytes > 0) this.#startCompaction();
    await this.#compacted();
  }

  /** `close` need not wait for compactions any more: the next room would wait for them, and for those of others. */
  hurry(): void {
    this.#isHurried = true;
    this.#hurried.resolve();
  }

  async #compacted(): Promise<void> {
    while (this.#compacting !== undefined && !this.#isHurried) {
      await Promise.race([this.#compacting, this.#hurried.promise]);
    }
  }

  /** What a member asked while it was behind. */
  #caughtUp(member: SyncMember): void {
    this.#awareness.query(member);
    const stateVector = this.#unanswered.get(member);
    this.#unanswered.delete(member);
    if (stateVector !== undefined) this.sync(member, stateVector);
  }

  #checkSize(update: Uint8Array): void {
    const bytes = this.#state.bytes + this.#submittedBytes + update.byteLength;
    if (bytes <= this.#options.limits.documentBytes) return;
    throw new SessionError(closeReasons.documentTooLarge, `the document would have ${bytes} bytes`);
  }

  #store(submitted: Submitted): void {
    const { update, contents } = submitted;
    this.#state.stage(contents);
    this.#submittedCount += 1;
    this.#submittedBytes += update.byteLength;
    this.#lastSubmitted = submitted;
    this.#options.queue.enqueue({
      document: this.#name,
      update,
      committed: (row) => this.#committed(submitted, row),
      discarded: () => this.#discarded(),
    });
  }

  /** An update leaves a gap: its sender has, most likely, what belongs there. */
  #ask(member: SyncMember): void {
    if (this.#asked.has(member)) return;
    this.#asked.add(member);
    this.#audience.send(member, member.encoding.syncStep1(this.#state.stateVector()));
  }

  #committed({ sender, update, frame, contents, acknowledge, copies }: Submitted, row: RowId): void {
    this.#submittedCount -= 1;
    this.#submittedBytes -= update.byteLength;
    if (this.#submittedCount === 0) this.#stored();
    this.#state.commit(update, contents, row);
    this.#audience.publishUpdate(
      update,
      (encoding) => (encoding === sender.encoding && frame !== undefined ? frame : encoding.update(update)),
      sender,
    );
    acknowledge();
    for (const acknowledgeCopy of copies) acknowledgeCopy();
    if (this.#asked.size > 0 && !this.#state.hasGaps) this.#asked.clear();
    this.#compactIfDue();
  }

  /** The store gave up: the clients still hold what they sent, and bring it again when they come back. */
  #discarded(): void {
    this.#state.discardStaged();
    this.#submittedCount = 0;
    this.#submittedBytes = 0;
    this.#stored();
    for (const { connection } of this.#members) connection.close(closeReasons.storageUnavailable);
  }

  /** No update waits any more. */
  #stored(): void {
    this.#lastSubmitted = undefined;
    const resolves = this.#whenStored;
    this.#whenStored = [];
    for (const resolve of resolves) resolve();
  }

  #acknowledge(sender: SyncMember, update: Uint8Array, frame?: Frame): void {
    const { acknowledgements } = this.#options;
    const acknowledgement = sender.encoding.acknowledgement(update, frame);
    acknowledgements.add(sender.connection, () => this.#audience.send(sender, acknowledgement));
  }

  #compactIfDue(): void {
    const { tailBytes, baseBytes } = this.#state;
    if (this.#compacting !== undefined || this.#isHurried || tailBytes < this.#compactionBytes) return;
    if (shouldCompact(tailBytes, baseBytes)) this.#startCompaction();
  }

  /** At most one at a time. */
  #startCompaction(): void {
    this.#compacting = this.#compact().finally(() => {
      this.#compacting = undefined;
      this.#compactIfDue();
    });
  }

  /** Never rejects: a document that cannot be compacted is served as it is. */
  async #compact(): Promise<void> {
    const { compactor, store, log } = this.#options;
    const cut = this.#state.cut();
    try {
      const base = await compactor.compact(cut.updates);
      // The next room has loaded, or is about to load, the rows as they are.
      if (this.#isHurried) return;
      const row = await store.compact(this.#name, cut.rows, base);
      this.#state.replace(cut, base, row);
      this.#compactionBytes = 0;
    } catch (error) {
      if (error instanceof CompactorClosed) {
        this.#compactionBytes = Number.POSITIVE_INFINITY;
        return;
      }
      // Tried again when the tail has doubled.
      this.#compactionBytes = 2 * this.#state.tailBytes;
      log.warn({ event: "compaction-failed", err: error });
    }
  }
}
