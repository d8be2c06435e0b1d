import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { TransportLimits } from "../transport/limits.ts";
import type { Audience } from "./audience.ts";
import { unsentPieces } from "./catch-up/catch-up.ts";
import type { Document } from "./document/document.ts";
import type { Answer } from "./document/document-content.ts";
import type { RelayLimits } from "./limits.ts";
import type { Release, SnapshotBudget } from "./snapshot/snapshot-budget.ts";
import { malformedIfUndecodable } from "./sync-codec.ts";
import type { SyncMember } from "./sync-member.ts";

export interface SyncAnswersOptions {
  readonly document: Document;
  readonly audience: Audience;
  readonly snapshots: SnapshotBudget;
  readonly limits: Pick<RelayLimits, "snapshotPieceBytes"> & Pick<TransportLimits, "outboxBytes">;
}

/** Answers each SyncStep1 of the members of a room with what the member lacks of the document. */
export class SyncAnswers {
  readonly #options: SyncAnswersOptions;
  /** The last SyncStep1 of each member that is behind; it is answered when the member has caught up. */
  readonly #deferredSyncStep1 = new Map<SyncMember, Uint8Array>();

  constructor(options: SyncAnswersOptions) {
    this.#options = options;
  }

  /**
   * Answers SyncStep1: synchronously, unless the document has to be read or a large answer has to wait for the snapshot
   * budget.
   *
   * Throws, or rejects with, `SessionError` for a malformed state vector, or when the document cannot be read.
   */
  sync(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    // A member gets one snapshot at a time: of the requests that it makes meanwhile, only the last is answered.
    if (this.#options.audience.isBehind(member)) this.#deferredSyncStep1.set(member, stateVector);
    else return this.#answer(member, stateVector);
  }

  left(member: SyncMember): void {
    this.#deferredSyncStep1.delete(member);
  }

  /** Sends a member that was behind the answer to a SyncStep1 that came meanwhile. */
  caughtUp(member: SyncMember): void {
    const stateVector = this.#deferredSyncStep1.get(member);
    this.#deferredSyncStep1.delete(member);
    if (stateVector !== undefined) this.answerLate(member, stateVector);
  }

  /** Answers a member that does not wait for it in its inbox. A failure closes its connection. */
  answerLate(member: SyncMember, stateVector: Uint8Array): void {
    void this.#answerOrClose(member, stateVector);
  }

  async #answerOrClose(member: SyncMember, stateVector: Uint8Array): Promise<void> {
    try {
      await this.#answer(member, stateVector);
    } catch (error) {
      member.connection.close(error instanceof SessionError ? error.reason : closeReasons.internalError);
    }
  }

  /** A large document is read, and its answer computed, when the snapshot budget allows. */
  #answer(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    const { document, limits } = this.#options;
    const isLarge = document.state.bytes > limits.outboxBytes / 4;
    return isLarge ? this.#answerWithinBudget(member, stateVector) : this.#answerNow(member, stateVector);
  }

  /** Takes the snapshot, sends it and subscribes the member, in one synchronous block. */
  #answerNow(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    const { audience, document } = this.#options;
    return document.loaded(() => audience.sendAnswer(member, this.#answerTo(stateVector)));
  }

  #answerTo(stateVector: Uint8Array): Answer {
    try {
      return this.#options.document.state.answer(stateVector);
    } catch (error) {
      throw malformedIfUndecodable(error);
    }
  }

  async #answerWithinBudget(member: SyncMember, stateVector: Uint8Array): Promise<void> {
    const { document, limits, snapshots } = this.#options;
    const load = { ...document.state.shared, ownBytes: unsentPieces * limits.snapshotPieceBytes };
    const release = await new Promise<Release>((admitted) => snapshots.admit(load, admitted));
    try {
      await this.#answerNow(member, stateVector);
    } finally {
      release();
    }
  }
}
