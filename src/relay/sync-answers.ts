import { SmallMap } from "../lib/collections/small-map.ts";
import type { Clock } from "../lib/time/clock.ts";
import { TokenBucket } from "../lib/token-bucket.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Audience } from "./audience.ts";
import { unsentPieces } from "./catch-up/backlog.ts";
import type { Document } from "./document/document.ts";
import type { Answer } from "./document/document-content.ts";
import { tailPartBytes } from "./document/merged-tail.ts";
import type { RelayLimits } from "./limits.ts";
import type { HeldSnapshot } from "./snapshot/held-snapshot.ts";
import type { SnapshotBudget } from "./snapshot/snapshot-budget.ts";
import { malformedIfUndecodable } from "./sync-codec.ts";
import type { SyncMember } from "./sync-member.ts";
import { checkStateVector } from "./update/state-vector.ts";

export interface SyncAnswersOptions {
  readonly snapshots: SnapshotBudget;
  readonly clock: Clock;
  readonly limits: Pick<
    RelayLimits,
    | "snapshotPieceBytes"
    | "stateVectorBytes"
    | "answerBurst"
    | "answersPerSecond"
    | "roomAnswerBurst"
    | "roomAnswersPerSecond"
  >;
}

export interface SyncAnswersParts {
  readonly document: Document;
  readonly audience: Audience;
}

/** The requests of one member. */
interface Requests {
  readonly pace: TokenBucket;
  /** The last state vector that came while another was due; it is answered after that. */
  last: Uint8Array | undefined;
  /** Whether an answer is being made. */
  isBeingAnswered: boolean;
  /** Cancels the wait for the time at which the next answer is allowed. */
  cancel: (() => void) | undefined;
}

const unpaced: Pick<TokenBucket, "take" | "waitMs"> = { take: () => true, waitMs: () => 0 };

/** A document up to this size is answered at once, whatever else is sent. */
const smallBytes = 16 * 1024;

/**
 * Answers each SyncStep1 of the members of a room with what the member lacks of the document.
 *
 * A member gets one answer at a time, and answers are paced per member and per room: of the requests that a member makes
 * meanwhile, only the last is answered.
 */
export class SyncAnswers {
  readonly #options: SyncAnswersOptions;
  readonly #audience: Audience;
  readonly #document: Document;
  readonly #requests = new SmallMap<SyncMember, Requests>();
  /** Undefined until the first request of a member that has something. */
  #pace: TokenBucket | undefined;

  constructor(options: SyncAnswersOptions, { audience, document }: SyncAnswersParts) {
    this.#options = options;
    this.#audience = audience;
    this.#document = document;
  }

  /**
   * Answers SyncStep1: synchronously, unless the document has to be read or a large answer has to wait for the snapshot
   * budget. Returns at once for a request that has to wait for its time, or for an earlier answer.
   *
   * Throws, or rejects with, `SessionError` for a malformed or huge state vector, or when the document cannot be read.
   */
  sync(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    const { stateVectorBytes } = this.#options.limits;
    if (stateVector.byteLength > stateVectorBytes) {
      const detail = `limits.state-vector-bytes: a state vector of ${stateVector.byteLength} bytes`;
      throw new SessionError(closeReasons.frameTooLarge, detail);
    }
    const requests = this.#requestsOf(member);
    if (requests.last !== undefined || requests.isBeingAnswered || this.#audience.isBehind(member)) {
      this.#defer(requests, stateVector);
      return;
    }
    if (this.#isAllowed(requests, stateVector)) return this.#answer(member, stateVector);
    this.#defer(requests, stateVector);
    this.#answerInTime(member, requests);
  }

  /** A malformed request is refused at once: a later one may take its place. */
  #defer(requests: Requests, stateVector: Uint8Array): void {
    try {
      checkStateVector(stateVector);
    } catch (error) {
      throw malformedIfUndecodable(error);
    }
    requests.last = stateVector.slice();
  }

  left(member: SyncMember): void {
    this.#requests.get(member)?.cancel?.();
    this.#requests.delete(member);
  }

  /** Sends a member that was behind the answer to a SyncStep1 that came meanwhile. */
  caughtUp(member: SyncMember): void {
    const requests = this.#requests.get(member);
    if (requests !== undefined) this.#answerInTime(member, requests);
  }

  /** Answers a member that does not wait for it in its inbox. A failure closes its connection. */
  answerLate(member: SyncMember, stateVector: Uint8Array): void {
    void this.#answerOrClose(member, stateVector);
  }

  #requestsOf(member: SyncMember): Requests {
    const known = this.#requests.get(member);
    if (known !== undefined) return known;
    const { limits, clock } = this.#options;
    const pace = new TokenBucket({ burst: limits.answerBurst, perSecond: limits.answersPerSecond, clock });
    const requests: Requests = { pace, last: undefined, isBeingAnswered: false, cancel: undefined };
    this.#requests.set(member, requests);
    return requests;
  }

  /** Takes the time of an answer from the paces. */
  #isAllowed(requests: Requests, stateVector: Uint8Array): boolean {
    return this.#waitMs(requests, stateVector) === 0 && requests.pace.take() && this.#roomPaceFor(stateVector).take();
  }

  #waitMs({ pace }: Requests, stateVector: Uint8Array): number {
    return Math.max(pace.waitMs(), this.#roomPaceFor(stateVector).waitMs());
  }

  /** Answers to clients that have nothing are shared, and cost no time of the room. */
  #roomPaceFor(stateVector: Uint8Array): Pick<TokenBucket, "take" | "waitMs"> {
    if (stateVector.byteLength === 1) return unpaced;
    const { limits, clock } = this.#options;
    this.#pace ??= new TokenBucket({ burst: limits.roomAnswerBurst, perSecond: limits.roomAnswersPerSecond, clock });
    return this.#pace;
  }

  /** Answers the last request of a member when that is allowed. */
  #answerInTime(member: SyncMember, requests: Requests): void {
    const { last, cancel, isBeingAnswered } = requests;
    if (last === undefined || cancel !== undefined || isBeingAnswered) return;
    if (this.#isAllowed(requests, last)) {
      requests.last = undefined;
      this.answerLate(member, last);
      return;
    }
    requests.cancel = this.#options.clock.after(this.#waitMs(requests, last), () => {
      requests.cancel = undefined;
      // Otherwise it is answered when the member has caught up.
      if (!this.#audience.isBehind(member)) this.#answerInTime(member, requests);
    });
  }

  async #answerOrClose(member: SyncMember, stateVector: Uint8Array): Promise<void> {
    try {
      await this.#answer(member, stateVector);
    } catch (error) {
      member.connection.close(error instanceof SessionError ? error.reason : closeReasons.internalError);
    }
  }

  #answer(member: SyncMember, stateVector: Uint8Array): void | Promise<void> {
    const { limits } = this.#options;
    const document = this.#document;
    const { state } = document;
    if (state.bytes <= Math.min(smallBytes, limits.snapshotPieceBytes))
      return document.loaded(() => this.#send(member, stateVector, undefined));
    const admitted = this.#admit(member);
    if (admitted instanceof Promise || !this.#sendIfReady(member, stateVector, admitted))
      return this.#answerWhenReady(member, stateVector, admitted);
  }

  /** Sends an answer now if it can be made in this turn of the member. */
  #sendIfReady(member: SyncMember, stateVector: Uint8Array, held: HeldSnapshot): boolean {
    const document = this.#document;
    try {
      if (!(document.state.isLoaded && this.#isPrepared(member))) return false;
      void document.loaded(() => this.#send(member, stateVector, held));
      return true;
    } catch (error) {
      held.release();
      throw error;
    }
  }

  /** The part of the snapshot budget for an answer, as soon as it is admitted. */
  #admit({ connection }: SyncMember): HeldSnapshot | Promise<HeldSnapshot> {
    const { limits, snapshots } = this.#options;
    const document = this.#document;
    const { source, sourceBytes } = document.state.shared;
    const ownBytes = Math.min(unsentPieces * limits.snapshotPieceBytes, document.state.bytes);
    const load = { sources: new Map([[source, sourceBytes]]), ownBytes };
    let admitted: HeldSnapshot | undefined;
    let resolve: ((held: HeldSnapshot) => void) | undefined;
    snapshots.admit({ load, connection, room: document }, (held) => {
      admitted = held;
      resolve?.(held);
    });
    return (
      admitted ??
      new Promise((resolveLater) => {
        resolve = resolveLater;
      })
    );
  }

  async #answerWhenReady(
    member: SyncMember,
    stateVector: Uint8Array,
    admitted: HeldSnapshot | Promise<HeldSnapshot>,
  ): Promise<void> {
    const document = this.#document;
    const { turns } = member.connection;
    const requests = this.#requestsOf(member);
    // The frame of the state vector may be used again.
    const kept = stateVector.slice();
    requests.isBeingAnswered = true;
    const held = await admitted;
    try {
      const sendIfReady = () => {
        if (!this.#isPrepared(member)) return false;
        this.#send(member, kept, held);
        return true;
      };
      while (member.connection.isOpen && !(await document.loaded(sendIfReady))) {
        await new Promise<void>((resolve) => turns.wait(resolve));
      }
      if (!member.connection.isOpen) held.release();
    } catch (error) {
      held.release();
      throw error;
    } finally {
      requests.isBeingAnswered = false;
    }
    if (!this.#audience.isBehind(member)) this.#answerInTime(member, requests);
  }

  /** Whether an answer can be made in this turn of the member, after what the turn has time for. */
  #isPrepared({ connection }: SyncMember): boolean {
    const { state } = this.#document;
    while (!(state.isPrepared || connection.turns.isOver)) {
      connection.spend("merged-bytes", tailPartBytes);
      state.prepareStep();
    }
    return state.isPrepared && !connection.turns.isOver;
  }

  /** Takes the snapshot, sends it and subscribes the member, in one synchronous block. */
  #send(member: SyncMember, stateVector: Uint8Array, held: HeldSnapshot | undefined): void {
    const { state } = this.#document;
    member.connection.spend("merged-bytes", stateVector.byteLength + state.bytesToMerge(stateVector));
    this.#audience.sendAnswer(member, this.#answerTo(stateVector), held);
  }

  #answerTo(stateVector: Uint8Array): Answer {
    try {
      return this.#document.state.answer(stateVector);
    } catch (error) {
      throw malformedIfUndecodable(error);
    }
  }
}
