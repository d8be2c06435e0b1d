import type { Denial, Grant, GrantWatcher } from "../../auth/authorizer.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { LimitedLog } from "../../ops/limited-log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { handshakeToken } from "../../rooms/access-request.ts";
import { closeReasonOf, isTemporary } from "../../rooms/denial.ts";
import type { AccessRateLimits, RoomLimits } from "../../rooms/limits.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import { type CloseReason, closeReasons, isFinal, SessionError } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import { Inbox, type Task } from "../../transport/inbox.ts";
import type { TransportLimits } from "../../transport/limits.ts";
import { emptyAwareness } from "../awareness/awareness-codec.ts";
import type { DroppedMessages } from "../dropped-messages.ts";
import type { RelayLimits } from "../limits.ts";
import type { SyncRoom } from "../sync-room.ts";
import { AcknowledgementLedger } from "./acknowledgement-ledger.ts";
import { type ClientMessage, decodeMessage, isKnownType, messageTypes } from "./codec.ts";
import {
  DocumentAuthorization,
  type DocumentAuthorizationOptions,
  type DocumentRequest,
  type ShownToken,
} from "./document-authorization.ts";
import { type HocuspocusEncoding, hocuspocusEncoding } from "./encoding.ts";
import type { HocuspocusLimits } from "./limits.ts";
import { HocuspocusMember } from "./member.ts";
import { PendingAcknowledgements } from "./pending-acknowledgements.ts";
import { characterBucket, type SenderRates } from "./stateless-messages.ts";
import type { StatelessNodes } from "./stateless-nodes.ts";
import type { Standing } from "./stranger-deadline.ts";

/** The dependencies that all attachments of a server share. */
export interface AttachmentOptions extends DocumentAuthorizationOptions {
  readonly limits: HocuspocusLimits &
    RoomLimits &
    AccessRateLimits &
    Pick<RelayLimits, "relayFrameBytes"> &
    Pick<TransportLimits, "outboxBytes">;
  /** Takes the lines that clients can cause. */
  readonly limitedLog: LimitedLog;
  readonly metrics: Metrics;
  readonly dropped: DroppedMessages;
  /** Returns the encoding that members share whose address is the document's name alone. */
  readonly plainEncoding: (room: SyncRoom) => HocuspocusEncoding;
  /** Returns the rate of the stateless messages of all members, in characters. */
  readonly statelessRate: (room: SyncRoom) => TokenBucket;
  /** The other nodes of a cluster. */
  readonly statelessNodes?: StatelessNodes | undefined;
}

/** The connection that an attachment belongs to, and its callbacks. */
export interface AttachmentHost extends DocumentRequest {
  /** Why no document can have the name; undefined if one can. */
  readonly nameFault: string | undefined;
  readonly address: string;
  /** Too many bytes wait: the connection should not be read until `cleared`. */
  filled(): void;
  cleared(): void;
  /** The client has joined or left the document, or has been denied. */
  standingChanged(before: Standing, after: Standing): void;
  /** The client has detached the document, and no frame of it waits. */
  detached(): void;
}

/**
 * Authentication leads from every state but `refused` to `joined` or `denied`; the end of a grant leads from `joined`
 * to `denied`. A frame that breaks the protocol or a limit leads from every state to `refused`, and a Close message to
 * `new`.
 */
type State =
  /** The authorizer has not decided yet. */
  | { readonly kind: "new" }
  /** The client is a member of the room. */
  | { readonly kind: "joined"; readonly member: HocuspocusMember; readonly pass: RoomPass<SyncRoom> }
  /**
   * The client is denied until it authenticates with a better token. Its changes are counted and dropped: when it
   * joins, it is asked for everything that it has.
   */
  | { readonly kind: "denied"; readonly pending: PendingAcknowledgements; readonly denial: Denial }
  /** The document is refused until the client detaches it. Every authentication gets the same answer. */
  | { readonly kind: "refused"; readonly reason: string; readonly standing: Standing };

/** A client that was in the document when it was refused is no stranger: if it had to return, it would be refused again. */
function standingOf(state: State): Standing {
  if (state.kind === "refused") return state.standing;
  return state.kind === "new" ? "undecided" : state.kind;
}

/** The memory that a waiting frame takes besides its own bytes. */
const waitingFrameBytes = 128;
/**
 * A provider that has sent the same token again is not asked once more with less time left: it would answer too late.
 */
const minNoticeMs = 1_000;

/**
 * One document on one connection of a Hocuspocus provider: it authorizes the client, and handles its frames by the
 * state that this has led to.
 *
 * The provider reconnects on every close code. A refusal that reconnecting cannot heal is therefore a message about
 * this document, and the connection stays open for its other documents; a failure that reconnecting can heal closes the
 * connection.
 *
 * Frames are handled one at a time, in order. A grant can end between two frames or while one waits: the member has
 * left then, and the rest of that frame's work has no effect.
 */
export class Attachment {
  readonly #connection: Connection;
  readonly #host: AttachmentHost;
  readonly #options: AttachmentOptions;
  readonly #inbox: Inbox<Task>;
  readonly #authorization: DocumentAuthorization;
  /** The rates of stateless messages, kept while the client leaves and joins again. */
  readonly #rates: SenderRates;
  #encoding: HocuspocusEncoding;
  #state: State = { kind: "new" };
  /** The `expiresAt` of the grant for which the provider was last asked for a new token. */
  #requestedTokenFor: number | undefined;
  /** The number of frames that have been received and not handled. */
  #waitingFrames = 0;

  constructor(host: AttachmentHost, options: AttachmentOptions) {
    const { clock, limits } = options;
    this.#connection = host.connection;
    this.#host = host;
    this.#options = options;
    this.#encoding = hocuspocusEncoding(host.address);
    this.#inbox = Inbox.ofTasks({
      limitBytes: limits.attachmentInboxBytes,
      turns: host.connection.turns,
      failed: (error) => this.#failed(error),
      filled: () => host.filled(),
      cleared: () => host.cleared(),
    });
    this.#rates = {
      messages: new TokenBucket({ burst: limits.statelessBurst, perSecond: limits.statelessPerSecond, clock }),
      characters: characterBucket(limits.statelessCharactersPerSecond, limits, clock),
    };
    this.#authorization = new DocumentAuthorization(host, options, () => this.#deadlinePassed());
    this.#authorization.startDeadline();
  }

  /** Handles a frame of this document after the ones before it; its message begins at `offset`. */
  receive(frame: Uint8Array, offset: number): void {
    if (this.#inbox.isIdle && this.#submitFrame(frame, offset)) return;
    this.#push(frame.byteLength, () => {
      if (this.#submitFrame(frame, offset)) return;
      const type = frame[offset];
      this.#refuseName(type);
      if (this.#state.kind === "refused" && type === messageTypes.awareness) this.#answerKeepalive();
      // All other messages are ignored without being decoded.
      if (this.#state.kind === "refused" && type !== messageTypes.auth && type !== messageTypes.close) return;
      return this.#handle(decodeMessage(frame, offset));
    });
  }

  /** As `HocuspocusMember.submitFrame`. */
  #submitFrame(frame: Uint8Array, offset: number): boolean {
    return this.#state.kind === "joined" && this.#state.member.submitFrame(frame, offset);
  }

  /** Refuses the document once the frames received so far have been handled. */
  refuse(reason: CloseReason, detail: string): void {
    this.#push(0, () => this.#refuse(reason, detail));
  }

  /** Refuses a document whose name is at fault with the first message, and again with the first one after a Close. */
  #refuseName(type: number | undefined): void {
    const { nameFault } = this.#host;
    if (nameFault === undefined || this.#state.kind !== "new" || !isKnownType(type)) return;
    this.#refuse(closeReasons.malformedFrame, nameFault);
  }

  /** Ends the attachment of a closed connection, once the frames received so far have been handled. */
  close(): void {
    this.#inbox.finish(() => {
      this.#authorization.stopDeadline();
      this.#leave();
    });
  }

  #push(bytes: number, handle: () => void | Promise<void>): void {
    this.#waitingFrames += 1;
    this.#inbox.push(bytes + waitingFrameBytes, () => {
      this.#waitingFrames -= 1;
      return this.#handleOrRefuse(handle);
    });
  }

  /**
   * Turns a final `SessionError` into a refusal of this document. Waiting frames are kept, because among them the
   * client may have detached the document and attached it again.
   */
  #handleOrRefuse(handle: () => void | Promise<void>): void | Promise<void> {
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
    if (message.type === "unknown") return this.#options.metrics.ignoredMessages.inc({ protocol: "hocuspocus" });
    if (message.type === "close") return this.#detach();
    if (message.type === "authentication") {
      if (state.kind === "refused") return this.#sendPermissionDenied(state.reason);
      return this.#receiveToken(message.token);
    }
    switch (state.kind) {
      case "new":
        // Providers before version 3 do not authenticate when they have no token.
        return this.#authenticate({ token: undefined }).then(() => this.#handle(message));
      case "denied":
        return state.pending.add(message);
      case "joined":
        return state.member.handle(message);
      case "refused":
    }
  }

  /** Providers send awareness every 15 s and reconnect after 30 s without a frame, to be refused again: answer them. */
  #answerKeepalive(): void {
    this.#connection.send(this.#encoding.awareness(emptyAwareness));
  }

  #receiveToken(token: string | undefined): void | Promise<void> {
    const isLater = this.#state.kind === "joined" || this.#authorization.hasLateToken;
    if (!isLater) return this.#authenticate({ token });
    const hasTurn = this.#authorization.takeTurn(token, (late) => this.#receiveLateToken(late));
    return hasTurn ? this.#authenticate({ token, hasTurn }) : undefined;
  }

  /** The token is no frame that waits: a client that detaches meanwhile does not attach the document again by it. */
  #receiveLateToken(late: ShownToken): void {
    this.#inbox.push(waitingFrameBytes, () =>
      this.#handleOrRefuse(() => {
        const isAttached = this.#state.kind === "joined" || this.#state.kind === "denied";
        return isAttached ? this.#authenticate(late) : undefined;
      }),
    );
  }

  async #authenticate(shown: ShownToken): Promise<void> {
    const { token } = shown;
    const pass = await this.#authorization.authorize(shown, (decision) => this.#applyDecision(decision, token));
    if (pass !== undefined) await this.#enter(pass, token);
  }

  /** Applies the authorizer's decision to the current state, which may have changed since the token came. */
  async #applyDecision(decision: Grant | Denial, token: string | undefined): Promise<RoomPass<SyncRoom> | undefined> {
    if (decision.granted && this.#state.kind === "joined") {
      this.#renew(decision, this.#state);
      return undefined;
    }
    const pass = decision.granted ? await this.#authorization.open(decision) : decision;
    if (pass.granted) return pass;
    this.#deny(pass, token);
    return undefined;
  }

  #enter(pass: RoomPass<SyncRoom>, token: string | undefined): void | Promise<void> {
    const { address, name, connection, handshake } = this.#host;
    const { limits, clock, dropped, statelessNodes } = this.#options;
    connection.admit();
    if (address === name) this.#encoding = this.#options.plainEncoding(pass.room);
    const pending = this.#leave();
    const member = new HocuspocusMember({
      ...{ connection, pass, limits, clock, dropped, statelessNodes },
      encoding: this.#encoding,
      // Providers that do not authenticate are older than version 3.
      ledger: new AcknowledgementLedger({ access: pass.access, resetsOnSync: token !== undefined }),
      rates: { ...this.#rates, roomCharacters: this.#options.statelessRate(pass.room) },
      signal: handshake.signal,
      ended: (denial) => this.#grantEnded(denial),
      failed: (error) => this.#failed(error),
    });
    this.#authorization.stopDeadline();
    this.#change({ kind: "joined", member, pass });
    pass.watch(this.#watcherOf(pass, member));
    if (!member.hasLeft) return member.join(pending);
  }

  /** Replaces the grant of a member that has authenticated again. The member stays in the room meanwhile. */
  #renew(grant: Grant, { member, pass }: Extract<State, { kind: "joined" }>): void {
    this.#authorization.stopDeadline();
    pass.renew(grant, this.#watcherOf(pass, member));
    if (!member.hasLeft) member.setAccess(pass.access);
  }

  #watcherOf(pass: RoomPass<SyncRoom>, member: HocuspocusMember): GrantWatcher {
    return {
      expiring: () => this.#requestToken(pass),
      changed: () => member.setAccess(pass.access),
      ended: (denial) => this.#grantEnded(denial),
    };
  }

  #requestToken({ expiresAt }: RoomPass<SyncRoom>): void {
    if (expiresAt !== undefined && expiresAt === this.#requestedTokenFor) {
      if (expiresAt - this.#options.clock.now() < minNoticeMs) return;
    }
    this.#requestedTokenFor = expiresAt;
    this.#connection.send(this.#encoding.tokenRequest);
  }

  /** Takes effect at once, also for a frame that waits. */
  #grantEnded(denial: Denial): void {
    this.#leaveAsDenied(denial);
    // If the client has sent another token meanwhile, the decision about that one is reported instead.
    if (!this.#authorization.isAuthorizing) this.#reportDenial();
  }

  #deny(denial: Denial, token: string | undefined): void {
    this.#leaveAsDenied(denial);
    // A client without a token may be about to send one: its denial is reported at the deadline.
    const hasToken = (token ?? handshakeToken(this.#host.handshake)) !== undefined;
    if (hasToken || isTemporary(denial)) this.#reportDenial();
  }

  #leaveAsDenied(denial: Denial): void {
    this.#change({ kind: "denied", pending: this.#leave(), denial });
  }

  /** Closes the connection if the client may be let in when it returns: only in this case does reconnecting help. */
  #reportDenial(): void {
    if (this.#state.kind !== "denied") return;
    const { denial } = this.#state;
    this.#authorization.stopDeadline();
    if (isTemporary(denial)) this.#connection.refuse(closeReasonOf(denial), denial.reason);
    else this.#sendPermissionDenied(`${denial.kind}: ${denial.reason}`);
  }

  #deadlinePassed(): void {
    if (this.#state.kind === "denied") this.#reportDenial();
    else this.#connection.close(closeReasons.timeout, "limits.authentication-ms: not authenticated in time");
  }

  #detach(): void {
    this.#leave();
    this.#authorization.dropLateToken();
    this.#authorization.stopDeadline();
    // The frames behind the Close message attach the document again.
    if (this.#waitingFrames > 0) this.#authorization.startDeadline();
    else this.#host.detached();
  }

  /** Leaves the room if the client is in it. Returns what the provider waits for, to be answered if it joins again. */
  #leave(): PendingAcknowledgements {
    const state = this.#state;
    this.#change({ kind: "new" });
    if (state.kind === "denied") return state.pending;
    if (state.kind !== "joined") return new PendingAcknowledgements();
    return new PendingAcknowledgements(state.member.leave());
  }

  #change(state: State): void {
    const before = this.#state;
    this.#state = state;
    this.#host.standingChanged(standingOf(before), standingOf(state));
  }

  /** Closes the connection, for an error that reconnecting heals; the waiting frames are dropped. */
  #failed(error: unknown): void {
    this.#waitingFrames = 0;
    const { limitedLog } = this.#options;
    if (error instanceof SessionError) this.#connection.refuse(error.reason, error.message);
    else {
      if (this.#connection.isOpen)
        limitedLog.error({ event: "attachment-crashed", protocol: "hocuspocus", err: error });
      this.#connection.close(closeReasons.internalError);
    }
  }

  #refuse(reason: CloseReason, detail: string): void {
    const { limitedLog, metrics } = this.#options;
    const standing = standingOf(this.#state) === "joined" ? "joined" : "denied";
    this.#leave();
    this.#authorization.dropLateToken();
    this.#authorization.stopDeadline();
    const text = `${reason.name}: ${detail}`;
    this.#change({ kind: "refused", reason: text, standing });
    this.#sendPermissionDenied(text);
    metrics.refusedSessions.inc({ reason: reason.name });
    metrics.bounds.detailed(detail);
    limitedLog.info({ event: "document-refused", protocol: "hocuspocus", reason: reason.name, detail });
  }

  #sendPermissionDenied(reason: string): void {
    this.#connection.send(this.#encoding.denied(reason));
    this.#connection.send(this.#encoding.refused);
  }
}
