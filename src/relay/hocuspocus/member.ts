import type { Access, Denial } from "../../auth/authorizer.ts";
import { abortableWait } from "../../lib/abortable-wait.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import type { Connection } from "../../transport/connection.ts";
import type { TransportLimits } from "../../transport/limits.ts";
import type { DroppedMessages } from "../dropped-messages.ts";
import type { FrameSubmission, Submission, SubmissionOutcome } from "../submission.ts";
import type { SyncMember } from "../sync-member.ts";
import type { SyncRoom } from "../sync-room.ts";
import type { AcknowledgementLedger, Count } from "./acknowledgement-ledger.ts";
import { type ClientMessage, updateOffsetOf } from "./codec.ts";
import type { HocuspocusEncoding } from "./encoding.ts";
import type { HocuspocusLimits } from "./limits.ts";
import type { PendingAcknowledgements } from "./pending-acknowledgements.ts";
import { StatelessMessages, type StatelessRates } from "./stateless-messages.ts";
import type { StatelessNodes } from "./stateless-nodes.ts";

export interface HocuspocusMemberOptions {
  readonly connection: Connection;
  readonly encoding: HocuspocusEncoding;
  /** The member owns the pass from now on. */
  readonly pass: RoomPass<SyncRoom>;
  readonly ledger: AcknowledgementLedger;
  readonly rates: StatelessRates;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
  readonly limits: HocuspocusLimits & Pick<TransportLimits, "outboxBytes">;
  readonly clock: Clock;
  readonly dropped: DroppedMessages;
  readonly statelessNodes: StatelessNodes | undefined;
  /** As `SyncMember.ended`. */
  readonly ended: (denial: Denial) => void;
  /** A stateless message that has waited could not be sent, by a fault of the server. */
  readonly failed: (error: unknown) => void;
}

/** A message that a provider sends to the room. */
export type RoomMessage = Exclude<ClientMessage, { readonly type: "authentication" | "close" | "unknown" }>;

const emptyStateVector = Uint8Array.of(0);

/**
 * A provider in a room, from join to leave.
 *
 * A member can leave while one of its messages waits: that message then changes nothing and is not answered.
 */
export class HocuspocusMember implements SyncMember {
  readonly connection: Connection;
  readonly encoding: HocuspocusEncoding;
  readonly #options: HocuspocusMemberOptions;
  readonly #room: SyncRoom;
  readonly #ledger: AcknowledgementLedger;
  readonly #stateless: StatelessMessages;
  #hasLeft = false;
  #isBusy = false;
  #stopWaiting: (() => void) | undefined;

  constructor(options: HocuspocusMemberOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.encoding = options.encoding;
    this.#room = options.pass.room;
    this.#ledger = options.ledger;
    const { rates, signal, limits, clock, dropped, connection, failed } = options;
    this.#stateless = new StatelessMessages({
      rates,
      signal,
      limits,
      clock,
      failed,
      broadcast: (payload) => this.#broadcast(payload),
      dropped: (detail) => dropped.report(connection, "limits.stateless-length", { count: 1, detail }),
    });
  }

  get access(): Access {
    return this.#ledger.access;
  }

  get user(): string | undefined {
    return this.#options.pass.user;
  }

  ended(denial: Denial): void {
    this.#options.ended(denial);
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  mayBeAsked(): boolean {
    return this.#ledger.startResync();
  }

  /** Joins the room, and answers what the provider has sent while it was denied. */
  join(pending: PendingAcknowledgements): void | Promise<void> {
    this.#room.join(this);
    this.connection.send(this.encoding.authenticated(this.access));
    const { awareness } = pending;
    const shown = awareness === undefined ? undefined : this.#room.updateAwareness(this, awareness);
    const synced = pending.awaitsSync ? this.#resync(pending.acknowledgements) : undefined;
    return this.#trackBusy(shown === undefined ? synced : Promise.all([shown, synced]).then(() => {}));
  }

  /** The SyncStep2 that the provider has sent before it joined was dropped: ask for its changes again. */
  #resync(acknowledgements: number): void | Promise<void> {
    this.#ledger.syncStep1Sent(acknowledgements);
    this.#room.ask(this);
    return this.#sync(emptyStateVector);
  }

  handle(message: RoomMessage): void | Promise<void> {
    return this.#trackBusy(this.#respond(message));
  }

  /** Takes a frame whose message at `offset` is the commonest update; returns false for any other. */
  submitFrame(frame: Uint8Array, offset: number): boolean {
    const update = updateOffsetOf(frame, offset);
    if (update < 0) return false;
    const { updates } = this.#room;
    if (updates.isFullFor(this)) return false;
    if (!updates.submitFrame(new ProviderFrame(this, frame, this.#ledger.count), update)) return false;
    this.#ledger.submitted(1);
    return true;
  }

  /**
   * Tells the provider its access if that has changed. An application may send its token whenever it is told, so an
   * answer to each token would start a loop.
   */
  setAccess(access: Access): void {
    if (access === this.access) return;
    this.#ledger.access = access;
    this.#room.accessChanged(this);
    this.connection.send(this.encoding.authenticated(access));
    // The provider still has the changes that were refused before: ask for them.
    if (access === "write" && this.#ledger.startResync()) this.#room.ask(this);
  }

  /**
   * Leaves the room at once: no update of the member is taken after this, and it is sent nothing more. Returns the
   * number of pending acknowledgements.
   */
  leave(): number {
    const pending = this.#ledger.left();
    this.#hasLeft = true;
    this.#room.leave(this);
    this.#stopWaiting?.();
    this.#stateless.end();
    // A message under way still needs the room.
    if (this.#isBusy) this.#options.pass.releaseGrant();
    else this.#options.pass.release();
    return pending;
  }

  #broadcast(payload: string): void | Promise<void> {
    if (!this.#room.mayBeSeen(this)) return;
    this.#options.statelessNodes?.publish(this.#room.name, payload);
    return this.#room.broadcastStateless(payload, this);
  }

  #trackBusy(settling: void | Promise<void>): void | Promise<void> {
    if (!(settling instanceof Promise)) return;
    this.#isBusy = true;
    return settling.finally(() => {
      this.#isBusy = false;
      if (this.#hasLeft) this.#options.pass.release();
    });
  }

  #respond(message: RoomMessage): void | Promise<void> {
    switch (message.type) {
      case "sync-step-1":
        this.#ledger.syncStep1Received();
        this.#room.ask(this);
        return this.#sync(message.stateVector);
      case "sync-step-2":
        return this.#submit(message.update, this.#ledger.syncStep2Received(), true);
      case "update":
        return this.#submit(message.update, 1, false);
      case "awareness":
        return this.#room.updateAwareness(this, message.body);
      case "query-awareness":
        return this.#room.queryAwareness(this);
      case "stateless":
        return this.#stateless.push(message.payload);
    }
  }

  /**
   * Answers SyncStep1. While much of what was sent before is still unsent, the answer waits: of all documents that a
   * client asks for at once, no more bytes are in flight than of one document that takes no share of the snapshot
   * budget.
   */
  #sync(stateVector: Uint8Array): void | Promise<void> {
    if (this.#hasLeft) return;
    const { connection } = this;
    const { limits, signal } = this.#options;
    const isFree = connection.unsentBytes <= limits.outboxBytes / 4;
    if (isFree || !connection.isOpen || signal.aborted) return this.#room.sync(this, stateVector);
    return this.#waitUntil((done) => {
      connection.drained(done);
    }).then(() => this.#sync(stateVector));
  }

  /** `changes`: how many changes the provider counts in this update. */
  #submit(update: Uint8Array, changes: number, answersSyncStep1: boolean): void | Promise<void> {
    const count = this.#ledger.submitted(changes);
    return this.#submitCounted(new ProviderUpdate(this, update, { changes, count, answersSyncStep1 }), changes);
  }

  /** The update waits while many that the client has sent wait for the store. */
  #submitCounted(submission: ProviderUpdate, changes: number): void | Promise<void> {
    const { updates } = this.#room;
    if (updates.isFullFor(this) && !this.#options.signal.aborted) {
      const taken = this.#waitUntil((done) => {
        updates.whenTaken(this, done);
        return undefined;
      });
      return taken.then(() => (this.#hasLeft ? undefined : this.#submitCounted(submission, changes)));
    }
    const outcome = updates.submit(submission);
    if (outcome instanceof Promise) return outcome.then((settled) => this.#submitted(settled, changes));
    this.#submitted(outcome, changes);
  }

  #submitted(outcome: SubmissionOutcome, changes: number): void {
    if (outcome === "taken" || this.#hasLeft) return;
    this.#ledger.refused(changes);
    this.#send(changes, this.encoding.refused);
  }

  /** Acknowledges `changes` of `count`, which are stored. */
  acknowledge(changes: number, count: Count): void {
    this.#send(this.#ledger.acknowledged(changes, count), this.encoding.applied);
  }

  #send(times: number, frame: Uint8Array): void {
    for (let sent = 0; sent < times; sent += 1) this.connection.send(frame);
  }

  /** Resolves when `start` calls `done`, the member leaves, or the client disconnects. */
  async #waitUntil(start: (done: () => void) => (() => void) | undefined): Promise<void> {
    await abortableWait(this.#options.signal, (done) => {
      this.#stopWaiting = done;
      return start(done);
    });
    this.#stopWaiting = undefined;
  }
}

/** The changes of an update, as the ledger counts them. */
interface CountedChanges {
  readonly changes: number;
  readonly count: Count;
  readonly answersSyncStep1: boolean;
}

/** A frame of a provider with one update. */
class ProviderFrame implements FrameSubmission {
  readonly sender: HocuspocusMember;
  readonly frame: Uint8Array;
  readonly #count: Count;

  constructor(sender: HocuspocusMember, frame: Uint8Array, count: Count) {
    this.sender = sender;
    this.frame = frame;
    this.#count = count;
  }

  get access(): Access {
    return this.sender.access;
  }

  stored(): void {
    this.sender.acknowledge(1, this.#count);
  }
}

/** An update of a provider that has to be decoded. */
class ProviderUpdate implements Submission {
  readonly sender: HocuspocusMember;
  readonly update: Uint8Array;
  readonly answersSyncStep1: boolean;
  readonly #changes: number;
  readonly #count: Count;

  constructor(sender: HocuspocusMember, update: Uint8Array, { changes, count, answersSyncStep1 }: CountedChanges) {
    this.sender = sender;
    this.update = update;
    this.answersSyncStep1 = answersSyncStep1;
    this.#changes = changes;
    this.#count = count;
  }

  get access(): Access {
    return this.sender.access;
  }

  stored(): void {
    this.sender.acknowledge(this.#changes, this.#count);
  }
}
