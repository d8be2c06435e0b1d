import type { Access, Authorizer, Denial, Grant } from "../../auth/authorizer.ts";
import type { Limits } from "../../config/limits.ts";
import type { Clock } from "../../lib/clock.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { Log } from "../../ops/log.ts";
import type { Lease, RoomRegistry } from "../../rooms/room-registry.ts";
import { type CloseReason, closeReasons, isFinal, SessionError } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import { Inbox } from "../../transport/inbox.ts";
import type { SyncMember } from "../sync-member.ts";
import type { SyncRoom } from "../sync-room.ts";
import { type ClientMessage, decodeMessage, messageTypes } from "./codec.ts";
import { Debt } from "./debt.ts";
import { type HocuspocusEncoding, hocuspocusEncoding } from "./encoding.ts";
import { Standing } from "./standing.ts";

/** What all attachments of a server share. */
export interface AttachmentOptions {
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly authorizer: Authorizer;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** The encoding that the members of a room share whose address is the document's name alone. */
  readonly plainEncoding: (room: SyncRoom) => HocuspocusEncoding;
}

/** Where an attachment belongs, and whom it tells what becomes of it. */
export interface AttachmentPlace {
  readonly connection: Connection;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  readonly name: string;
  readonly address: string;
  /** More waits than should: nothing more should be read until `cleared`. */
  filled(): void;
  cleared(): void;
  /** Whether it may enter is settled, for now. */
  decided(): void;
  /** The client has detached the document, and nothing of it waits. */
  detached(): void;
}

interface Joined {
  readonly kind: "joined";
  readonly lease: Lease<SyncRoom>;
  readonly standing: Standing;
}

type RoomMessage = Exclude<ClientMessage, { readonly type: "authentication" | "close" }>;

type State =
  /** Nobody was asked yet whether it may enter. */
  | { readonly kind: "new" }
  | Joined
  /** Another token may help. What the client says meanwhile is not kept: it is asked for again. */
  | { readonly kind: "denied"; readonly debt: Debt }
  /** For good: the answer is repeated to whoever authenticates again. */
  | { readonly kind: "refused"; readonly reason: string };

/** Of a frame that waits, besides its bytes. */
const waitingFrameBytes = 128;
const emptyStateVector = Uint8Array.of(0);

/**
 * One document on one connection of a Hocuspocus provider.
 *
 * The provider reconnects on every close code: so a refusal that coming back cannot heal is told in the document's own
 * words, and the connection stays open for other documents; what coming back can heal closes the connection.
 */
export class Attachment implements SyncMember {
  readonly connection: Connection;
  readonly #place: AttachmentPlace;
  readonly #options: AttachmentOptions;
  readonly #inbox: Inbox;
  readonly #stateless: TokenBucket;
  #encoding: HocuspocusEncoding;
  #state: State = { kind: "new" };
  /** Frames that were received and not handled. */
  #waiting = 0;
  #isDecided = false;
  #cancelDeadline: () => void;
  #grant: Grant | undefined;

  constructor(place: AttachmentPlace, options: AttachmentOptions) {
    const { clock, limits } = options;
    this.connection = place.connection;
    this.#place = place;
    this.#options = options;
    this.#encoding = hocuspocusEncoding(place.address);
    this.#inbox = new Inbox({
      limitBytes: limits.attachmentInboxBytes,
      failed: (error) => this.#failed(error),
      filled: () => place.filled(),
      cleared: () => place.cleared(),
    });
    this.#stateless = new TokenBucket({
      burst: limits.statelessBurst,
      perSecond: limits.statelessPerSecond,
      clock,
    });
    this.#cancelDeadline = this.#setDeadline();
  }

  get encoding(): HocuspocusEncoding {
    return this.#encoding;
  }

  get access(): Access {
    return this.#state.kind === "joined" ? this.#state.standing.access : "read";
  }

  asked(): void {
    if (this.#state.kind === "joined") this.#state.standing.expect(0);
  }

  /** Takes a frame of this document, whose message begins at `offset`. */
  receive(frame: Uint8Array, offset: number): void {
    this.#push(frame.byteLength, () => {
      if (this.#state.kind === "refused" && frame[offset] !== messageTypes.auth && frame[offset] !== messageTypes.close)
        return;
      return this.#handle(decodeMessage(frame, offset));
    });
  }

  /** Refuses the document after what has been received before. */
  refuse(reason: CloseReason, detail: string): void {
    this.#push(0, () => this.#refuse(reason, detail));
  }

  /** The connection is gone; what was received before still counts. */
  close(): void {
    this.#inbox.finish(() => {
      this.#cancelDeadline();
      this.#leave();
      this.#decide();
    });
  }

  #push(bytes: number, handle: () => void | Promise<void>): void {
    this.#waiting += 1;
    this.#inbox.push(bytes + waitingFrameBytes, () => {
      this.#waiting -= 1;
      return this.#attempt(handle);
    });
  }

  /** A refusal drops nothing of what waits: behind it the client may have left the document and come anew. */
  #attempt(handle: () => void | Promise<void>): void | Promise<void> {
    const refuse = (error: unknown) => {
      if (!(error instanceof SessionError && isFinal(error.reason))) throw error;
      this.#refuse(error.reason, error.message);
    };
    try {
      const settling = handle();
      return settling instanceof Promise ? settling.catch(refuse) : undefined;
    } catch (error) {
      refuse(error);
    }
  }

  #handle(message: ClientMessage): void | Promise<void> {
    const state = this.#state;
    if (message.type === "close") return this.#detach();
    switch (state.kind) {
      case "new":
        // Providers before version 3 do not authenticate when they have no token.
        if (message.type !== "authentication") return this.#enterWithoutToken(message);
        return this.#enter(message.token, new Debt());
      case "denied":
        if (message.type === "authentication") return this.#enter(message.token, state.debt);
        return state.debt.add(message);
      case "joined":
        if (message.type === "authentication") return this.#renew(message.token, state);
        return this.#handleJoined(message, state);
      case "refused":
        if (message.type === "authentication") this.#tellRefusal(state.reason);
    }
  }

  async #enterWithoutToken(message: ClientMessage): Promise<void> {
    await this.#enter(undefined, new Debt());
    return this.#handle(message);
  }

  async #enter(token: string | undefined, debt: Debt): Promise<void> {
    const decision = await this.#authorize(token);
    if (!decision.granted) return this.#deny(decision, token, debt);
    const lease = await this.#options.rooms.acquire(this.#place.name);
    this.#decide();
    this.#join(lease, decision, token);
    this.connection.send(this.#encoding.authenticated(decision.access));
    if (debt.awareness !== undefined) lease.room.announce(this, debt.awareness);
    if (!debt.isOwed || this.#state.kind !== "joined") return;
    // It has said before what it has: nobody listened.
    this.#state.standing.expect(debt.acknowledgements);
    lease.room.ask(this);
    await this.#sync(lease.room, emptyStateVector);
  }

  #join(lease: Lease<SyncRoom>, grant: Grant, token: string | undefined): void {
    const { address, name } = this.#place;
    const { access } = grant;
    if (address === name) this.#encoding = this.#options.plainEncoding(lease.room);
    // Those that do not authenticate are older than version 3.
    const standing = new Standing({ access, forgetsAtSync: token !== undefined });
    this.#state = { kind: "joined", lease, standing };
    lease.room.join(this);
    this.#hold(grant);
  }

  /** A member authenticates again. */
  async #renew(token: string, { lease, standing }: Joined): Promise<void> {
    const decision = await this.#authorize(token);
    if (!decision.granted) {
      const debt = new Debt(standing.unacknowledged);
      this.#leave();
      return this.#deny(decision, token, debt);
    }
    const mayWriteNow = standing.access === "read" && decision.access === "write";
    standing.access = decision.access;
    this.connection.send(this.#encoding.authenticated(decision.access));
    this.#hold(decision);
    if (!mayWriteNow) return;
    // What was refused before is welcome now.
    standing.expectRefused();
    lease.room.ask(this);
  }

  #authorize(token: string | undefined): Promise<Grant | Denial> {
    const { signal, name, connection } = this.#place;
    const { remoteAddress } = connection;
    return this.#options.authorizer.authorize({ kind: "sync", room: name, remoteAddress, token, signal });
  }

  #deny({ kind, reason }: Denial, token: string | undefined, debt: Debt): void {
    const told = `${kind}: ${reason}`;
    this.#state = { kind: "denied", debt };
    // It may be about to authenticate: it is told when the deadline comes.
    if (token === undefined) return;
    this.#decide();
    this.#tellRefusal(told);
  }

  /** Once, when it is known whether the client may enter, or may not. */
  #decide(): void {
    this.#cancelDeadline();
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#place.decided();
  }

  /** However much the client says meanwhile. */
  #setDeadline(): () => void {
    const { clock, limits } = this.#options;
    return clock.after(limits.authenticationMs, () => this.#expired());
  }

  #expired(): void {
    if (this.#state.kind === "denied") {
      this.#decide();
      this.#tellRefusal("unauthorized: no token has come");
    } else this.connection.close(closeReasons.timeout);
  }

  /** In place of the grant before, if there was one. */
  #hold(grant: Grant): void {
    this.#grant?.release();
    this.#grant = grant;
    grant.watch({
      expiring: () => this.connection.send(this.#encoding.tokenRequest),
      changed: () => {},
      ended: () => {},
    });
  }

  #handleJoined(message: RoomMessage, state: Joined): void | Promise<void> {
    const { standing, lease } = state;
    const { room } = lease;
    switch (message.type) {
      case "sync-step-1":
        standing.synced();
        room.ask(this);
        return this.#sync(room, message.stateVector);
      case "sync-step-2":
        return this.#submit(message.update, state, standing.answered());
      case "update":
        return this.#submit(message.update, state, 1);
      case "awareness":
        return room.announce(this, message.body);
      case "query-awareness":
        return room.queryAwareness(this);
      case "stateless":
        return this.#broadcast(message.payload, room);
    }
  }

  /**
   * The documents of one connection are sent as its client takes them: of all that it asks for at once, not more is on its
   * way than of a document that needs no place in the snapshots' budget.
   */
  #sync(room: SyncRoom, stateVector: Uint8Array): void | Promise<void> {
    const { connection } = this;
    const isFree = connection.unsentBytes <= this.#options.limits.outboxBytes / 4;
    if (isFree || !connection.isOpen) return room.sync(this, stateVector);
    return this.#until((over) => connection.drained(over)).then(() => this.#sync(room, stateVector));
  }

  /** `acknowledgements`: how many changes the provider counts in this update. */
  #submit(update: Uint8Array, { lease, standing }: Joined, acknowledgements: number): void | Promise<void> {
    const { applied, refused } = this.#encoding;
    const count = standing.submitted(acknowledgements);
    const acknowledgement = () => this.#send(standing.acknowledged(acknowledgements, count), applied);
    const settle = (isTaken: boolean) => {
      if (isTaken) return;
      standing.refused(acknowledgements);
      this.#send(acknowledgements, refused);
    };
    const taken = lease.room.submit(this, acknowledgements === 0 ? { update } : { update, acknowledgement });
    if (taken instanceof Promise) return taken.then(settle);
    settle(taken);
  }

  #send(times: number, frame: Uint8Array): undefined {
    for (let sent = 0; sent < times; sent += 1) this.connection.send(frame);
  }

  /** Who says too much waits; what waits of one who is gone is dropped, or nothing else of it could end before. */
  #broadcast(payload: string, room: SyncRoom): void | Promise<void> {
    const { limits } = this.#options;
    if (payload.length > limits.statelessLength) {
      throw new SessionError(closeReasons.frameTooLarge, `a stateless message of ${payload.length} characters`);
    }
    if (this.#stateless.take()) return room.broadcastStateless(payload, this);
    if (this.#place.signal.aborted) return;
    const wait = this.#until((over) => this.#options.clock.after(1000 / limits.statelessPerSecond, over));
    return wait.then(() => (this.#state.kind === "joined" ? this.#broadcast(payload, room) : undefined));
  }

  /** Resolves when `start` calls `over`, or the client is gone. */
  async #until(start: (over: () => void) => void): Promise<void> {
    const { signal } = this.#place;
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = () => resolve();
    signal.addEventListener("abort", over);
    start(over);
    await promise;
    signal.removeEventListener("abort", over);
  }

  #detach(): void {
    this.#leave();
    this.#state = { kind: "new" };
    this.#decide();
    // What is behind it attaches the document anew.
    if (this.#waiting > 0) this.#cancelDeadline = this.#setDeadline();
    else this.#place.detached();
  }

  #leave(): void {
    this.#grant?.release();
    this.#grant = undefined;
    if (this.#state.kind !== "joined") return;
    const { lease, standing } = this.#state;
    this.#state = { kind: "new" };
    standing.left();
    lease.room.leave(this);
    lease.release();
  }

  /** Coming back heals it. */
  #failed(error: unknown): void {
    this.#waiting = 0;
    const { log } = this.#options;
    if (error instanceof SessionError) this.connection.close(error.reason);
    else {
      if (this.connection.isOpen) log.error({ event: "attachment-crashed", protocol: "hocuspocus", err: error });
      this.connection.close(closeReasons.internalError);
    }
  }

  #refuse(reason: CloseReason, detail: string): void {
    this.#leave();
    this.#decide();
    this.#state = { kind: "refused", reason: `${reason.name}: ${detail}` };
    this.#tellRefusal(this.#state.reason);
    this.#options.log.info({ event: "document-refused", protocol: "hocuspocus", reason: reason.name, detail });
  }

  #tellRefusal(reason: string): void {
    this.connection.send(this.#encoding.denied(reason));
    this.connection.send(this.#encoding.refused);
  }
}
