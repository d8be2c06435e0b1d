import type { Grant } from "../auth/authorizer.ts";
import type { Limits } from "../config/limits.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../ops/log.ts";
import type { RowId, Store, StoredDocument } from "../storage/store.ts";
import type { Channel, OpenChannel } from "../transport/channel.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Connection, Frame } from "../transport/connection.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import { Awareness } from "./awareness.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { type Compactor, CompactorClosed, shouldCompact } from "./compaction.ts";
import { DocumentState } from "./document-state.ts";
import { emptyAwareness } from "./sync-codec.ts";
import type { UpdateContents } from "./update-contents.ts";

/** How one relay protocol writes what a room says. Members that share an encoding share its frames. */
export interface SyncEncoding {
  syncStep1(stateVector: Uint8Array): Frame;
  syncStep2(update: Uint8Array): Frame;
  update(update: Uint8Array): Frame;
  awareness(body: Uint8Array): Frame;
  /** Tells the sender of an update that it is stored; `frame` is what it sent, where that can be sent back unchanged. */
  acknowledgement(update: Uint8Array, frame?: Frame): Frame;
}

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

/** A session as the room sees it. */
export interface SyncMember {
  readonly connection: Connection;
  readonly encoding: SyncEncoding;
  readonly access: Grant["access"];
}

interface Membership extends SyncMember {
  /** Gets what the room publishes: from its first sync on. */
  isSubscribed: boolean;
  sentAt: number;
}

/** An update between `submit` and its commit. */
interface Submitted {
  readonly sender: Membership;
  readonly update: Uint8Array;
  /** The update as its sender framed it, when it can be forwarded unchanged. */
  readonly frame: Frame | undefined;
  readonly contents: UpdateContents;
  /** Acknowledgements of later copies, which must not come before this one is stored. */
  readonly copies: (() => void)[];
}

/** A member to which nothing was sent for this long is sent the empty awareness: y-websocket's watchdog counts to 30 s. */
const keepaliveMs = 15_000;
const keepaliveCheckMs = 5_000;

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
  readonly #awareness: Awareness<Membership>;
  readonly #members = new Map<SyncMember, Membership>();
  readonly #channels = new Map<SyncEncoding, Channel>();
  /** Were asked for what is missing, and it is not complete yet. */
  readonly #asked = new Set<Membership>();
  #submittedCount = 0;
  #submittedBytes = 0;
  #lastSubmitted: Submitted | undefined;
  #whenStored: (() => void)[] = [];
  #compacting: Promise<void> | undefined;
  #compactionFailedBytes = 0;
  #publishedAt = 0;
  #cancelKeepalive: (() => void) | undefined;

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
    this.#name = name;
    this.#options = options;
    this.#state = new DocumentState(stored);
    this.#awareness = new Awareness({
      clock: options.clock,
      limits: options.limits,
      broadcast: (body) => this.#publish((encoding) => encoding.awareness(body)),
      tell: (member, body) => this.#send(member, member.encoding.awareness(body)),
    });
  }

  /** Takes a member in and asks it for what the document lacks. */
  join(member: SyncMember): void {
    const { clock } = this.#options;
    const { connection, encoding, access } = member;
    const membership = { connection, encoding, access, isSubscribed: false, sentAt: clock.now() };
    this.#members.set(member, membership);
    this.#send(membership, encoding.syncStep1(this.#state.stateVector()));
    this.#awareness.joined(membership);
    this.#cancelKeepalive ??= clock.after(keepaliveCheckMs, () => this.#keepalive());
  }

  leave(member: SyncMember): void {
    const membership = this.#members.get(member);
    if (membership === undefined) return;
    this.#members.delete(member);
    this.#asked.delete(membership);
    this.#channels.get(member.encoding)?.leave(member.connection);
    this.#awareness.left(membership);
    if (this.#members.size > 0) return;
    this.#channels.clear();
    this.#cancelKeepalive?.();
    this.#cancelKeepalive = undefined;
  }

  /** Answers SyncStep1. Throws `SessionError` for a malformed state vector. */
  sync(member: SyncMember, stateVector: Uint8Array): void {
    const membership = this.#heard(member);
    if (membership === undefined) return;
    const { connection, encoding } = member;
    connection.sendSnapshot(encoding.syncStep2(this.#state.diff(stateVector)));
    membership.sentAt = this.#options.clock.now();
    if (membership.isSubscribed) return;
    if (connection.unsentBytes === 0) {
      this.#subscribe(membership);
      return;
    }
    // A large snapshot on a slow link: what is published meanwhile would pile up behind it. The member is subscribed
    // when it is through, with what was committed since in one update.
    const sent = this.#state.stateVector();
    connection.drained(() => {
      if (membership.isSubscribed || !this.#members.has(member)) return;
      this.#send(membership, encoding.update(this.#state.diff(sent)));
      this.#subscribe(membership);
      this.#awareness.query(membership);
    });
  }

  /**
   * Takes an update from a member: stores it, then forwards it, then acknowledges it. One that holds nothing new is
   * acknowledged when its first copy is stored, and nothing else.
   *
   * Throws `SessionError` for an update that is malformed or makes the document too large. Returns false for one that
   * changes the document although the member may only read.
   */
  submit(member: SyncMember, update: Uint8Array, frame?: Frame): boolean {
    const membership = this.#heard(member);
    if (membership === undefined) return false;
    const verdict = this.#state.classify(update);
    if (verdict.kind === "malformed") throw new SessionError(closeReasons.malformedFrame, verdict.detail);
    if (verdict.kind === "known") {
      this.#acknowledgeKnown(membership, update, verdict.contents, verdict.committed);
      return true;
    }
    if (member.access === "read") return false;
    this.#checkSize(update);
    this.#store({ sender: membership, update, frame, contents: verdict.contents, copies: [] });
    if (verdict.kind === "incomplete") this.#ask(membership);
    return true;
  }

  /** Takes an awareness update. Throws `SessionError` for a malformed one. */
  announce(member: SyncMember, body: Uint8Array): void {
    const membership = this.#heard(member);
    if (membership !== undefined) this.#awareness.received(membership, body);
  }

  /** Answers a query for all awareness states. */
  queryAwareness(member: SyncMember): void {
    const membership = this.#heard(member);
    if (membership !== undefined) this.#awareness.query(membership);
  }

  /** For a room without members: resolves when all is stored and compacted. */
  async close(): Promise<void> {
    if (this.#submittedCount > 0) await new Promise<void>((resolve) => this.#whenStored.push(resolve));
    await this.#compacting;
    if (this.#state.tailBytes > 0) await this.#compact();
  }

  #heard(member: SyncMember): Membership | undefined {
    const membership = this.#members.get(member);
    if (membership !== undefined) this.#awareness.heard(membership);
    return membership;
  }

  #subscribe(membership: Membership): void {
    membership.isSubscribed = true;
    const { connection, encoding } = membership;
    let channel = this.#channels.get(encoding);
    if (channel === undefined) {
      channel = this.#options.openChannel();
      this.#channels.set(encoding, channel);
    }
    channel.join(connection);
  }

  #acknowledgeKnown(sender: Membership, update: Uint8Array, contents: UpdateContents, isCommitted: boolean): void {
    // The SyncStep2 of a client that brings nothing, which nobody waits for.
    if (contents.isEmpty) return;
    const acknowledge = () => this.#acknowledge(sender, update);
    if (isCommitted || this.#lastSubmitted === undefined) acknowledge();
    else this.#lastSubmitted.copies.push(acknowledge);
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
  #ask(membership: Membership): void {
    if (this.#asked.has(membership)) return;
    this.#asked.add(membership);
    this.#send(membership, membership.encoding.syncStep1(this.#state.stateVector()));
  }

  #committed({ sender, update, frame, contents, copies }: Submitted, row: RowId): void {
    this.#state.commit(update, contents, row);
    this.#publish(
      (encoding) => (encoding === sender.encoding && frame !== undefined ? frame : encoding.update(update)),
      sender.connection,
    );
    this.#acknowledge(sender, update, frame);
    for (const acknowledge of copies) acknowledge();
    if (this.#asked.size > 0 && !this.#state.hasGaps) this.#asked.clear();
    this.#submittedCount -= 1;
    this.#submittedBytes -= update.byteLength;
    if (this.#submittedCount === 0) this.#stored();
    this.#compactIfDue();
  }

  /** The store gave up: the clients still hold what they sent, and bring it again when they come back. */
  #discarded(): void {
    this.#state.discardStaged();
    this.#submittedCount = 0;
    this.#submittedBytes = 0;
    this.#stored();
    for (const { connection } of this.#members.values()) connection.close(closeReasons.storageUnavailable);
  }

  /** No update waits any more. */
  #stored(): void {
    this.#lastSubmitted = undefined;
    const resolves = this.#whenStored;
    this.#whenStored = [];
    for (const resolve of resolves) resolve();
  }

  #publish(encode: (encoding: SyncEncoding) => Frame, except?: Connection): void {
    for (const [encoding, channel] of this.#channels) channel.publish(encode(encoding), except);
    this.#publishedAt = this.#options.clock.now();
  }

  #acknowledge(sender: Membership, update: Uint8Array, frame?: Frame): void {
    this.#options.acknowledgements.add(sender.connection, sender.encoding.acknowledgement(update, frame));
    sender.sentAt = this.#options.clock.now();
  }

  #send(membership: Membership, frame: Frame): void {
    membership.connection.send(frame);
    membership.sentAt = this.#options.clock.now();
  }

  #keepalive(): void {
    const { clock } = this.#options;
    this.#cancelKeepalive = clock.after(keepaliveCheckMs, () => this.#keepalive());
    const now = clock.now();
    for (const membership of this.#members.values()) {
      const sentAt = Math.max(membership.sentAt, membership.isSubscribed ? this.#publishedAt : 0);
      if (now - sentAt >= keepaliveMs) this.#send(membership, membership.encoding.awareness(emptyAwareness));
    }
  }

  #compactIfDue(): void {
    if (this.#compacting !== undefined || this.#state.tailBytes < this.#compactionFailedBytes) return;
    if (!shouldCompact(this.#state.tailBytes, this.#state.baseBytes)) return;
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
      const row = await store.compact(this.#name, cut.rows, base);
      this.#state.replace(cut, base, row);
      this.#compactionFailedBytes = 0;
    } catch (error) {
      if (error instanceof CompactorClosed) return;
      // Tried again when the tail has doubled.
      this.#compactionFailedBytes = 2 * this.#state.tailBytes;
      log.warn({ event: "compaction-failed", err: error });
    }
  }
}
