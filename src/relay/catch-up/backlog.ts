import type { Frame } from "../../transport/connection.ts";
import type { HeldSnapshot } from "../snapshot/held-snapshot.ts";
import type { SnapshotLoad } from "../snapshot/snapshot-share.ts";
import type { SyncMember } from "../sync-member.ts";
import { encodeStateVector } from "../update/state-vector.ts";
import type { Covered, UpdatePieces } from "../update/update-pieces.ts";

/** A frame for one member alone, which waits until the member has taken what was sent before. */
export interface QueuedFrame {
  readonly frame: Frame;
  readonly bytes: number;
  /** Whether the frame acknowledges what the member has sent. */
  readonly isAcknowledgement: boolean;
}

/** An update that is being sent to one member in pieces. */
export interface Transfer {
  readonly pieces: UpdatePieces;
  /** The structs that the member has. */
  readonly covered: Covered;
  /** The message that carries the last piece; the others are updates. */
  readonly last: "update" | "syncStep2";
  readonly isAcknowledgement: boolean;
  /** The index of the next piece. */
  index: number;
  /** The size of the next piece, where pieces can be joined. */
  maxBytes: number;
}

/**
 * The event for which a backlog waits: `link`: the client takes what was sent; `pong`: it has received it; `turn`: the next turn of
 * the event loop; `budget`: the snapshot budget; `answer`: the room, which answers a state vector.
 */
export type Wait = "link" | "pong" | "turn" | "budget" | "answer";

/** So many updates are merged for one member: it takes about 10 ms. */
const maxUpdates = 4_000;
/**
 * A link that takes less than `minProgressBytes` in `minProgressMs` is stalled: it would hold memory without need. The
 * time is long because kernels take bytes in lumps as large as a third of their buffer.
 */
const minProgressBytes = 64 * 1024;
const minProgressMs = 60_000;
/** The next piece is sent while one is unsent: otherwise the link would be idle in between. */
export const unsentPieces = 2;
export const stalledDetail = `less than ${minProgressBytes} bytes taken in ${minProgressMs} ms`;

/**
 * The frames and updates that a member has not received yet, because its link is slower than what is sent to it.
 * Meanwhile the member has left the channels: published frames would pile up.
 */
export class Backlog {
  readonly member: SyncMember;
  readonly frames: QueuedFrame[] = [];
  readonly transfers: Transfer[] = [];
  wait: Wait | undefined;
  /** The unsent bytes at `#progressAt`, the last time when the link was found to be fast enough. */
  #unsentBytes = 0;
  #progressAt = 0;
  #updates: Uint8Array[] = [];
  #updateBytes = 0;
  #acknowledgementBytes = 0;
  /** The bytes of the frames that are no acknowledgements. */
  #frameBytes = 0;
  /** The member was sent everything below this state vector, or `transfers` will bring it. */
  #stateVector: Uint8Array;
  #areUpdatesDropped = false;
  /** The part of the snapshot budget that it holds: as long as there are transfers, or bytes of them are unsent. */
  #held: HeldSnapshot | undefined;
  /** The structs that transfers have brought which are sent, while others follow. */
  #brought: Covered | undefined;
  readonly #acknowledgementWaiters: (() => void)[] = [];

  constructor(member: SyncMember, stateVector: Uint8Array) {
    this.member = member;
    this.#stateVector = stateVector;
  }

  get acknowledgementBytes(): number {
    return this.#acknowledgementBytes;
  }

  get frameBytes(): number {
    return this.#frameBytes;
  }

  /** Whether it counts against the snapshot budget. */
  get isAdmitted(): boolean {
    return this.#held !== undefined;
  }

  /** The state vector from which the member must be answered; undefined while the updates are kept. */
  get answerFrom(): Uint8Array | undefined {
    return this.#areUpdatesDropped ? this.#stateVector : undefined;
  }

  /** Begins to wait for the client, whose link has to take bytes meanwhile. */
  waitForClient(wait: Extract<Wait, "link" | "pong">, now: number): void {
    this.wait = wait;
    this.#unsentBytes = this.member.connection.unsentBytes;
    this.#progressAt = now;
  }

  /** Whether the client is waited for, and its link is stalled. Called every few seconds. */
  isStalled(now: number): boolean {
    if (this.wait !== "link" && this.wait !== "pong") return false;
    const { unsentBytes } = this.member.connection;
    if (this.#unsentBytes - unsentBytes < minProgressBytes) return now - this.#progressAt >= minProgressMs;
    this.#unsentBytes = unsentBytes;
    this.#progressAt = now;
    return false;
  }

  /**
   * Keeps a committed update for the member. Beyond `maxBytes` or `maxUpdates` of them all are dropped: the document holds
   * them, and the member is answered from its state vector. Where edits overwrite each other, that is less than the
   * updates.
   */
  addUpdate(update: Uint8Array, maxBytes: number): void {
    if (this.#areUpdatesDropped) return;
    this.#updates.push(update);
    this.#updateBytes += update.byteLength;
    if (this.#updateBytes <= maxBytes && this.#updates.length <= maxUpdates) return;
    this.#clearUpdates();
    this.#areUpdatesDropped = true;
  }

  /** Takes the kept updates, which bring the member to this state vector. */
  takeUpdates(stateVector: Uint8Array): readonly Uint8Array[] {
    const updates = this.#updates;
    this.answered(stateVector);
    return updates;
  }

  /** `transfers` bring the member to this state vector: the kept updates are not needed. */
  answered(stateVector: Uint8Array): void {
    this.#clearUpdates();
    this.#areUpdatesDropped = false;
    this.#stateVector = stateVector;
  }

  addFrame(frame: QueuedFrame): void {
    this.frames.push(frame);
    if (frame.isAcknowledgement) this.#acknowledgementBytes += frame.bytes;
    else this.#frameBytes += frame.bytes;
  }

  takeFrame(): QueuedFrame | undefined {
    const frame = this.frames.shift();
    if (frame === undefined) return undefined;
    if (frame.isAcknowledgement) this.#acknowledged(frame.bytes);
    else this.#frameBytes -= frame.bytes;
    return frame;
  }

  addTransfer(transfer: Transfer): void {
    this.transfers.push(transfer);
    transfer.pieces.begin();
    if (transfer.isAcknowledgement) this.#acknowledgementBytes += transfer.pieces.update.byteLength;
    this.#held?.replace(this.load);
  }

  /** Ends the first transfer, of which the last piece is sent. */
  endTransfer(): void {
    const transfer = this.transfers.shift();
    if (transfer === undefined) return;
    const { pieces, covered, isAcknowledgement } = transfer;
    this.#brought = this.transfers.length === 0 ? undefined : pieces.coveredBefore(Number.POSITIVE_INFINITY, covered);
    pieces.end();
    this.#held?.replace(this.load);
    if (isAcknowledgement) this.#acknowledged(pieces.update.byteLength);
  }

  /** The memory that it takes: the updates of all transfers, and the pieces that the link has to take at a time. */
  get load(): SnapshotLoad {
    const sources = new Map<object, number>();
    let ownBytes = this.member.connection.unsentBytes;
    for (const { pieces, maxBytes } of this.transfers) {
      const { update } = pieces;
      sources.set(update, update.byteLength);
      ownBytes = Math.max(ownBytes, Math.min(unsentPieces * maxBytes, update.byteLength));
    }
    return { sources, ownBytes };
  }

  /** From now on it counts against the snapshot budget. */
  hold(held: HeldSnapshot): void {
    if (this.#held !== undefined) held.release();
    this.#held ??= held;
    this.#held.replace(this.load);
  }

  /** The link has taken a piece. */
  progressed(): void {
    this.#held?.progressed();
  }

  /**
   * Stops the transfers: their member has to be answered from the state vector that it has then. Does nothing if that is
   * not known, or if transfers acknowledge what the member has sent.
   */
  stop(): void {
    const [first] = this.transfers;
    if (first === undefined || this.transfers.some(({ isAcknowledgement }) => isAcknowledgement)) return;
    const reached = first.pieces.coveredBefore(first.index, this.#brought ?? first.covered);
    if (reached === undefined) return;
    for (const { pieces } of this.transfers.splice(0)) pieces.end();
    this.#brought = undefined;
    this.answered(encodeStateVector(reached));
    this.#areUpdatesDropped = true;
    this.#held?.replace(this.load);
  }

  /** Whether everything is sent, and still counts against the snapshot budget. */
  get holdsSent(): boolean {
    return this.#held !== undefined && this.transfers.length === 0;
  }

  /** The link has taken everything that was sent. */
  releaseSent(): void {
    if (this.transfers.length === 0) this.#release();
  }

  /** Calls `task` when the next acknowledgement is sent, or when the backlog ends. */
  whenAcknowledged(task: () => void): void {
    this.#acknowledgementWaiters.push(task);
  }

  /** Called when the member has caught up or has left. */
  end(): void {
    for (const { pieces } of this.transfers) pieces.end();
    this.#release();
    this.#acknowledged(0);
  }

  #release(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  #acknowledged(bytes: number): void {
    this.#acknowledgementBytes -= bytes;
    for (const task of this.#acknowledgementWaiters.splice(0)) task();
  }

  #clearUpdates(): void {
    this.#updates = [];
    this.#updateBytes = 0;
  }
}
