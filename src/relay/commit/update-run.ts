import type { RowId } from "../../storage/store.ts";
import type { Frame } from "../../transport/connection.ts";
import type { TransportLimits } from "../../transport/limits.ts";
import type { WaitingWrite } from "../document/waiting-updates.ts";
import { FastUpdate } from "../update/fast/fast-update.ts";
import { JoinedUpdate } from "../update/fast/joined-update.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import type { PendingWrite, Transaction, WriteOwner } from "./commit-queue.ts";

/** The owner of runs. */
export interface RunOwner<Sender, Submission> extends WriteOwner {
  /** A run is stored as `row`; see `PendingWrite.committed`. */
  committed(run: UpdateRun<Sender, Submission>, row: RowId): void;
}

export interface UpdateRunOptions<Sender, Submission> {
  readonly owner: RunOwner<Sender, Submission>;
  readonly document: string;
  readonly sender: Sender;
  /** The id of the sender's user; undefined if unknown. */
  readonly user: string | undefined;
  readonly connection: object | undefined;
  /** The frame of its first update, to be forwarded unchanged if no other joins it. */
  readonly frame: Frame | undefined;
  readonly buffers: RunBuffers;
}

/**
 * The updates of one sender in one turn of the event loop, as far as they continue each other: one row of the log, one
 * frame, and one input of the next compaction. It takes updates until its transaction begins.
 *
 * Updates of several senders are never joined: a sender would receive its own update before it is acknowledged.
 */
export class UpdateRun<Sender, Submission> implements PendingWrite, WaitingWrite {
  readonly document: string;
  readonly sender: Sender;
  readonly user: string | undefined;
  readonly connection: object | undefined;
  /**
   * The submissions whose origins are told when the run is durable, in order: those of its updates, and later copies of
   * updates that waited at that time.
   */
  readonly submissions: Submission[] = [];
  /** The transaction that the run belongs to. */
  transaction: Transaction | undefined;
  readonly owner: RunOwner<Sender, Submission>;
  readonly #frame: Frame | undefined;
  readonly #buffers: RunBuffers;
  #joined: JoinedUpdate | undefined;
  #sealed: DecodedUpdate | undefined;
  #updates = 0;
  #bytes = 0;

  constructor({ owner, document, sender, user, connection, frame, buffers }: UpdateRunOptions<Sender, Submission>) {
    this.owner = owner;
    this.document = document;
    this.sender = sender;
    this.user = user;
    this.connection = connection;
    this.#frame = frame;
    this.#buffers = buffers;
    this.#joined = buffers.take();
  }

  get updates(): number {
    return this.#updates;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The frame of its only update. */
  get frame(): Frame | undefined {
    return this.#updates === 1 ? this.#frame : undefined;
  }

  get update(): Uint8Array {
    return this.sealed.update;
  }

  /** The updates as one. */
  get sealed(): DecodedUpdate {
    if (this.#sealed === undefined) throw new Error("the run is not sealed");
    return this.#sealed;
  }

  /** Adds an update that was read at the end of `frame`. Returns false if it cannot be joined with those before it. */
  addFast(frame: Uint8Array, found: FastUpdate): boolean {
    return this.#joined?.addFast(frame, found) === true && this.#added(found.end - found.start);
  }

  /** As `addFast`, for any update. */
  add(decoded: DecodedUpdate): boolean {
    return this.#joined?.add(decoded) === true && this.#added(decoded.update.byteLength);
  }

  /** Ends the run. */
  seal(): void {
    if (this.#joined === undefined) return;
    this.#sealed = this.#joined.take();
    this.#release(this.#joined);
  }

  /** Ends a run that will not be stored. */
  drop(): void {
    if (this.#joined !== undefined) this.#release(this.#joined);
  }

  committed(row: RowId): void {
    this.owner.committed(this, row);
  }

  #added(bytes: number): true {
    this.#updates += 1;
    this.#bytes += bytes;
    return true;
  }

  #release(joined: JoinedUpdate): void {
    this.#buffers.release(joined);
    this.#joined = undefined;
  }
}

/** The size of a run, with the default bounds: that of the frames that a link takes at once. */
const maxRunBytes = 16 * 1024;
/** The outbox of a member is to take several runs before it is slow. */
const runsPerOutbox = 8;
/** More runs than this are rarely open at once; each buffer may have the size of a run. */
const keptBuffers = 64;

/** The memory in which the runs of all rooms are read and joined. */
export class RunBuffers {
  /** The record in which updates are read. */
  readonly found = new FastUpdate();
  readonly #maxBytes: number;
  readonly #free: JoinedUpdate[] = [];

  constructor({ outboxBytes }: Pick<TransportLimits, "outboxBytes">) {
    this.#maxBytes = Math.min(maxRunBytes, outboxBytes / runsPerOutbox);
  }

  take(): JoinedUpdate {
    return this.#free.pop() ?? new JoinedUpdate(this.#maxBytes);
  }

  release(joined: JoinedUpdate): void {
    joined.clear();
    if (this.#free.length < keptBuffers) this.#free.push(joined);
  }
}
