import { SmallMap } from "../../lib/collections/small-map.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
import type { TransportLimits } from "../../transport/limits.ts";
import type { Answer } from "../document/document-content.ts";
import type { RelayLimits } from "../limits.ts";
import type { HeldSnapshot } from "../snapshot/held-snapshot.ts";
import type { SnapshotBudget } from "../snapshot/snapshot-budget.ts";
import type { SyncMember } from "../sync-member.ts";
import { mergeUpdates } from "../update/merge-updates.ts";
import { type Covered, type Piece, stepEffort } from "../update/update-pieces.ts";
import { Backlog, stalledDetail, type Transfer } from "./backlog.ts";
import type { CatchUpOwner } from "./catch-up-owner.ts";
import { SharedPieces } from "./shared-pieces.ts";

export interface CatchUpOptions {
  readonly snapshots: SnapshotBudget;
  readonly clock: Clock;
  readonly limits: Pick<TransportLimits, "outboxBytes"> & Pick<RelayLimits, "snapshotPieceBytes">;
}

/** Whether a frame or update acknowledges what the member itself has sent. */
export type Purpose = "acknowledgement" | "other";

type NewTransfer = Pick<Transfer, "last"> &
  Partial<Pick<Transfer, "covered" | "isAcknowledgement">> & { readonly update: Uint8Array };

/** The bytes of an update that has neither structs nor deletes. */
const emptyBytes = 2;
const nothingCovered: Covered = new Map();
/** A client is sent so many pieces in one turn, if its link takes them: those that join at the same time share them. */
const piecesInTurn = 4;
/** Cutting a piece takes so many times the time of copying it. */
const copiedPerCut = 64;
const heldBackDetail = "limits.snapshots-bytes: the link takes almost nothing, and others wait";
/** Pieces that can be joined are made as large as the link takes in this time. */
const joinedPieceMs = 3_000;
/** A piece is at most so many times as large as the one before: a frame that the client has sent earlier counts as pong. */
const maxGrowth = 4;

/**
 * Brings members that are behind up to date: sends each of them what it lacks, one piece after the other, each when the
 * link has taken the one before. After that the member receives published frames again.
 *
 * A member is behind while it is sent more than one piece, and when it takes less than is sent to it. The updates that
 * are committed meanwhile are sent to it as one.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #owner: CatchUpOwner;
  /** The unsent bytes beyond which a frame waits. */
  readonly #slowBytes: number;
  readonly #backlogs = new SmallMap<SyncMember, Backlog>();
  /** Undefined until an update is sent in pieces: most documents are small. */
  #pieces: SharedPieces | undefined;

  constructor(options: CatchUpOptions, owner: CatchUpOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#slowBytes = options.limits.outboxBytes / 4;
  }

  /** Whether an update of this size is sent in pieces. A second piece of less than half the size would gain little. */
  isLarge(bytes: number): boolean {
    return bytes > 1.5 * this.#options.limits.snapshotPieceBytes;
  }

  isBehind(member: SyncMember): boolean {
    return this.#backlogs.has(member);
  }

  /** The acknowledgements that wait for a member that is behind, in bytes. */
  waitingAcknowledgementBytes(member: SyncMember): number {
    return this.#backlogs.get(member)?.acknowledgementBytes ?? 0;
  }

  /** Calls `task` when the member has been sent the next acknowledgement, or has left; at once if none waits. */
  whenAcknowledged(member: SyncMember, task: () => void): void {
    const backlog = this.#backlogs.get(member);
    if (backlog === undefined) task();
    else backlog.whenAcknowledged(task);
  }

  /** The members that are behind. */
  get members(): Iterable<SyncMember> {
    return this.#backlogs.keys();
  }

  /** Keeps a committed update for a member that is behind. */
  addUpdate(member: SyncMember, update: Uint8Array): void {
    this.#backlogs.get(member)?.addUpdate(update, this.#options.limits.outboxBytes);
  }

  /** The link of a member takes less than is sent to it. */
  fallBehind(member: SyncMember): void {
    if (!this.isBehind(member)) this.#waitForLink(this.#begin(member));
  }

  /** Sends a frame to one member: at once, or after what waits already. */
  sendFrame(member: SyncMember, frame: Frame, purpose: Purpose): void {
    const { connection } = member;
    const { unsentBytes } = connection;
    const bytes = typeof frame === "string" ? frame.length : frame.byteLength;
    const waiting = this.#backlogs.get(member)?.frames.length ?? 0;
    if (waiting === 0 && (unsentBytes === 0 || unsentBytes + bytes <= this.#slowBytes)) {
      if (bytes <= this.#slowBytes) connection.send(frame);
      else connection.sendSnapshot(frame);
      return;
    }
    const backlog = this.#begin(member);
    backlog.addFrame({ frame, bytes, isAcknowledgement: purpose === "acknowledgement" });
    if (backlog.frameBytes > this.#options.limits.outboxBytes) {
      connection.close(closeReasons.overloaded, `limits.outbox-bytes: ${backlog.frameBytes} bytes wait`);
      return;
    }
    if (waiting === 0) connection.drained(() => this.#sendFrames(backlog));
    if (backlog.wait === undefined) this.#waitForLink(backlog);
  }

  /** Sends an update to one member, in pieces. */
  sendUpdate(member: SyncMember, update: Uint8Array, purpose: Purpose): void {
    const backlog = this.#begin(member);
    this.#addTransfer(backlog, { update, last: "update", isAcknowledgement: purpose === "acknowledgement" });
    if (backlog.wait === undefined) this.#advance(backlog);
  }

  /**
   * Sends the answer to a state vector: everything that is committed. From now on the member receives what is committed
   * later. `held` is the part of the snapshot budget for it.
   */
  sendAnswer(member: SyncMember, { before, update, covered }: Answer, held?: HeldSnapshot): void {
    const { connection } = member;
    const isLarge = [...before, update].some((part) => this.isLarge(part.byteLength));
    if (!(isLarge || covered !== undefined || this.isBehind(member))) {
      for (const part of before) connection.sendSnapshot(this.#owner.encode(member, "update", part));
      connection.sendSnapshot(this.#owner.encode(member, "syncStep2", update));
      if (connection.unsentBytes === 0 || !connection.isOpen) held?.release();
      else this.#waitForLink(this.#hold(this.#begin(member), held));
      return;
    }
    const backlog = this.#begin(member);
    backlog.answered(this.#owner.stateVector());
    const messages = before.map((part) => ({ update: part, last: "update" as const }));
    for (const message of [...messages, { update, last: "syncStep2" } as const]) {
      this.#addTransfer(backlog, covered === undefined ? message : { ...message, covered });
    }
    this.#hold(backlog, held);
    if (backlog.wait === undefined || backlog.wait === "answer" || backlog.wait === "budget") this.#advance(backlog);
  }

  /** The member has left. */
  remove(member: SyncMember): void {
    const backlog = this.#backlogs.get(member);
    if (backlog === undefined) return;
    this.#backlogs.delete(member);
    backlog.end();
  }

  /** Closes the members whose links take too little. Called every few seconds. */
  checkProgress(): void {
    // Called for every room, of which few have members that are behind.
    if (this.#backlogs.size === 0) return;
    const now = this.#options.clock.elapsedMs();
    for (const [member, backlog] of this.#backlogs) {
      const { connection } = member;
      // The session of a closed connection may itself wait for the budget, of which its backlog holds a part.
      if (!connection.isOpen) this.remove(member);
      else if (backlog.isStalled(now)) connection.close(closeReasons.overloaded, stalledDetail);
    }
  }

  /** Drops the copies of pieces that no client is being sent. Those that join soon after each other share them. */
  dropCopies(): void {
    this.#pieces?.dropCopies();
  }

  #begin(member: SyncMember): Backlog {
    const known = this.#backlogs.get(member);
    if (known !== undefined) return known;
    const backlog = new Backlog(member, this.#owner.stateVector());
    this.#backlogs.set(member, backlog);
    this.#owner.fellBehind(member);
    return backlog;
  }

  #addTransfer(backlog: Backlog, { update, last, ...rest }: NewTransfer): void {
    this.#pieces ??= new SharedPieces(this.#options.limits.snapshotPieceBytes);
    const pieces = this.#pieces.of(update);
    const maxBytes = this.#options.limits.snapshotPieceBytes;
    const defaults = { covered: nothingCovered, isAcknowledgement: false };
    backlog.addTransfer({ ...defaults, ...rest, pieces, last, index: 0, maxBytes });
  }

  /** Counts what is sent to a member against the snapshot budget: as `held`, if that is admitted for it. */
  #hold(backlog: Backlog, held?: HeldSnapshot): Backlog {
    if (held === undefined && backlog.isAdmitted) return backlog;
    const { connection } = backlog.member;
    const { room } = this.#owner;
    const admitted = held ?? this.#options.snapshots.hold({ load: backlog.load, connection, room });
    admitted.stoppable({
      stop: () => backlog.stop(),
      close: () => connection.close(closeReasons.overloaded, heldBackDetail),
    });
    backlog.hold(admitted);
    return backlog;
  }

  /** Sends the next of what a member lacks, and more when the link has taken it. */
  #advance(backlog: Backlog): void {
    const { connection } = backlog.member;
    if (this.#backlogs.get(backlog.member) !== backlog || !connection.isOpen) return;
    backlog.wait = undefined;
    backlog.progressed();
    if (connection.unsentBytes === 0) backlog.releaseSent();
    for (let sent = 0; sent < piecesInTurn; sent += 1) {
      if (!this.#sendNext(backlog)) return;
      if (connection.unsentBytes > this.#options.limits.snapshotPieceBytes || backlog.transfers.length === 0) break;
    }
    if (connection.unsentBytes === 0 && backlog.transfers.length === 0) this.#advance(backlog);
    else this.#waitForLinkOrTurn(backlog);
  }

  /** Returns false when it has sent nothing, the member has left, or something else than the link must be waited for. */
  #sendNext(backlog: Backlog): boolean {
    const { member, answerFrom, transfers } = backlog;
    if (this.#backlogs.get(member) !== backlog) return false;
    if (transfers[0] !== undefined) return this.#sendPiece(backlog, transfers[0]);
    if (answerFrom !== undefined) {
      if (!this.#holdsNothing(backlog)) return false;
      backlog.wait = "answer";
      this.#owner.answerNeeded(member, answerFrom);
      return false;
    }
    if (this.#sendUpdates(backlog)) return this.#sendNext(backlog);
    if (backlog.frames.length > 0) {
      // If the link has taken everything, `#sendFrames` is called in this turn.
      this.#waitForLinkOrTurn(backlog);
      return false;
    }
    this.#backlogs.delete(member);
    backlog.end();
    this.#owner.caughtUp(member);
    return false;
  }

  /** Sends the kept updates: small ones at once, as one update. Returns whether there are others, to be sent in pieces. */
  #sendUpdates(backlog: Backlog): boolean {
    const updates = backlog.takeUpdates(this.#owner.stateVector());
    const large = updates.filter(({ byteLength }) => this.isLarge(byteLength));
    const small = updates.filter(({ byteLength }) => !this.isLarge(byteLength));
    const merged = small.length > 0 ? mergeUpdates(small) : undefined;
    if (merged !== undefined && !this.isLarge(merged.byteLength)) {
      backlog.member.connection.send(this.#owner.encode(backlog.member, "update", merged));
    } else if (merged !== undefined) large.push(merged);
    for (const update of large) this.#addTransfer(backlog, { update, last: "update" });
    return large.length > 0;
  }

  #sendPiece(backlog: Backlog, transfer: Transfer): boolean {
    if (!this.#isAdmitted(backlog, transfer)) return false;
    const { connection } = backlog.member;
    if (connection.turns.isOver) {
      this.#waitForTurn(backlog);
      return false;
    }
    const { pieces, last } = transfer;
    const piece = this.#nextPiece(transfer, connection);
    if (piece?.update === undefined) {
      this.#waitForTurn(backlog);
      return false;
    }
    const { update, next } = piece;
    const message = next === undefined ? last : "update";
    const isNeeded = update.byteLength > emptyBytes || message === "syncStep2" || transfer.isAcknowledgement;
    if (isNeeded) connection.sendSnapshot(this.#owner.encode(backlog.member, message, update));
    if (next === undefined) {
      backlog.endTransfer();
      return true;
    }
    transfer.index = next;
    if (!pieces.isIntegratedAtOnce) return true;
    this.#waitForPong(backlog, transfer, update.byteLength);
    return false;
  }

  /** The next piece of which the member lacks something; undefined while it is not planned. */
  #nextPiece(transfer: Transfer, connection: Connection): Piece | undefined {
    const { pieces, covered, maxBytes } = transfer;
    while (this.#isPlanned(transfer, connection)) {
      // Leaving out what a member has means reading the structs; the others are copied only.
      const bytes = Math.min(maxBytes, pieces.update.byteLength);
      connection.spend("merged-bytes", covered.size === 0 ? bytes / copiedPerCut : bytes);
      const piece = pieces.piece({ index: transfer.index, covered, maxBytes });
      if (piece.update !== undefined || piece.next === undefined) return piece;
      transfer.index = piece.next;
    }
    return undefined;
  }

  /** Whether a member counts against the snapshot budget. For a large transfer it waits for it. */
  #isAdmitted(backlog: Backlog, { pieces: { update } }: Transfer): boolean {
    if (backlog.isAdmitted) return true;
    if (update.byteLength <= this.#slowBytes) {
      this.#hold(backlog);
      return true;
    }
    backlog.wait = "budget";
    const { member, load } = backlog;
    const { room } = this.#owner;
    this.#options.snapshots.admit({ load, connection: member.connection, room }, (held) => {
      const isAwaited = this.#backlogs.get(member) === backlog && !backlog.isAdmitted;
      if (isAwaited) this.#hold(backlog, held);
      else held.release();
      if (isAwaited && backlog.wait === "budget") this.#advance(backlog);
    });
    return false;
  }

  /**
   * Whether a member holds no part of the budget; otherwise it waits until its link has taken what it was sent. It must
   * not wait for another part before: others may wait for what it holds.
   */
  #holdsNothing(backlog: Backlog): boolean {
    if (backlog.member.connection.unsentBytes === 0) backlog.releaseSent();
    else if (backlog.holdsSent) this.#waitForLink(backlog);
    return !backlog.holdsSent;
  }

  /** Whether the next piece is planned. It is planned now if the member's turn has time for that. */
  #isPlanned({ pieces, index }: Transfer, connection: Connection): boolean {
    while (!(pieces.isPlanned(index) || connection.turns.isOver)) {
      connection.spend("structs", stepEffort);
      pieces.planStep();
    }
    return pieces.isPlanned(index);
  }

  #sendFrames(backlog: Backlog): void {
    const { connection } = backlog.member;
    if (this.#backlogs.get(backlog.member) !== backlog) return;
    do {
      const next = backlog.takeFrame();
      if (next === undefined) return;
      connection.sendSnapshot(next.frame);
    } while (connection.unsentBytes === 0);
    connection.drained(() => this.#sendFrames(backlog));
  }

  #waitForLink(backlog: Backlog): void {
    backlog.waitForClient("link", this.#options.clock.elapsedMs());
    backlog.member.connection.drained(() => {
      if (backlog.wait === "link") this.#advance(backlog);
    });
  }

  /**
   * The pong shows how long the client takes for a piece. Pieces that stay pending in the client are joined as far as
   * the link allows: Yjs copies all that is pending for each of them.
   */
  #waitForPong(backlog: Backlog, transfer: Transfer, bytes: number): void {
    const { clock, limits } = this.#options;
    const sentAt = clock.elapsedMs();
    backlog.waitForClient("pong", sentAt);
    let isAnswer = false;
    backlog.member.connection.ping(() => {
      // A client that is not read is taken for alive at once: that says nothing about its link.
      if (!isAnswer) {
        this.#waitForLinkOrTurn(backlog);
        return;
      }
      const bytesPerMs = bytes / Math.max(1, clock.elapsedMs() - sentAt);
      const maxBytes = Math.min(bytesPerMs * joinedPieceMs, maxGrowth * transfer.maxBytes, limits.outboxBytes);
      transfer.maxBytes = Math.max(maxBytes, limits.snapshotPieceBytes);
      if (backlog.wait === "pong") this.#advance(backlog);
    });
    isAnswer = true;
  }

  /** The link is waited for, or the next turn if it has taken everything. */
  #waitForLinkOrTurn(backlog: Backlog): void {
    if (backlog.member.connection.unsentBytes > 0) this.#waitForLink(backlog);
    else this.#waitForTurn(backlog);
  }

  #waitForTurn(backlog: Backlog): void {
    backlog.wait = "turn";
    const { turns } = backlog.member.connection;
    const advance = () => {
      if (backlog.wait === "turn") this.#advance(backlog);
    };
    if (turns.isOver) turns.wait(advance);
    else this.#options.clock.afterTurn(advance);
  }
}
