import type { Denial, Grant, GrantWatcher } from "../../auth/authorizer.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { handshakeToken } from "../../rooms/access-request.ts";
import { closeReasonOf } from "../../rooms/denial.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import { type CloseReason, closeReasons, isFinal, SessionError } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import { Inbox } from "../../transport/inbox.ts";
import type { TransportLimits } from "../../transport/limits.ts";
import type { RelayLimits } from "../limits.ts";
import { emptyAwareness } from "../sync-codec.ts";
import type { SyncRoom } from "../sync-room.ts";
import { AcknowledgementLedger } from "./acknowledgement-ledger.ts";
import { type ClientMessage, decodeMessage, messageTypes } from "./codec.ts";
import {
  DocumentAuthorization,
  type DocumentAuthorizationOptions,
  type DocumentRequest,
} from "./document-authorization.ts";
import { type HocuspocusEncoding, hocuspocusEncoding } from "./encoding.ts";
import type { HocuspocusLimits } from "./limits.ts";
import { HocuspocusMember } from "./member.ts";
import { PendingAcknowledgements } from "./pending-acknowledgements.ts";

/** What all attachments of a server share. */
export interface AttachmentOptions extends DocumentAuthorizationOptions {
  readonly limits: HocuspocusLimits &
    RoomLimits &
    Pick<RelayLimits, "relayFrameBytes"> &
    Pick<TransportLimits, "outboxBytes">;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The encoding that the members of a room share whose address is the document's name alone. */
  readonly plainEncoding: (room: SyncRoom) => HocuspocusEncoding;
}

/** Where an attachment belongs, and whom it tells what becomes of it. */
export interface AttachmentHost extends DocumentRequest {
  readonly address: string;
  /** More waits than should: nothing more should be read until `cleared`. */
  filled(): void;
  cleared(): void;
  /** The client has detached the document, and nothing of it waits. */
  detached(): void;
}

type State =
  /** Nobody was asked yet whether it may enter. */
  | { readonly kind: "new" }
  | { readonly kind: "joined"; readonly member: HocuspocusMember; readonly pass: RoomPass<SyncRoom> }
  /** Another token may help. What the client says meanwhile is not kept: it is asked for again. */
  | { readonly kind: "denied"; readonly pending: PendingAcknowledgements; readonly reason: string }
  /** For good: the answer is repeated to whoever authenticates again. */
  | { readonly kind: "refused"; readonly reason: string };

/** Of a frame that waits, besides its bytes. */
const waitingFrameBytes = 128;
/** A provider that has shown the same token again is not asked so late that its answer would come after the end. */
const shortestNoticeMs = 1_000;

/**
 * One document on one connection of a Hocuspocus provider: what it may do there, from frame to frame.
 *
 * The provider reconnects on every close code: so a refusal that coming back cannot heal is told in the document's own
 * words, and the connection stays open for other documents; what coming back can heal closes the connection.
 *
 * Frames are handled one after the other, and a grant ends whenever it does: what a frame waits for finds out.
 */
export class Attachment {
  readonly #connection: Connection;
  readonly #host: AttachmentHost;
  readonly #options: AttachmentOptions;
  readonly #inbox: Inbox;
  readonly #authorization: DocumentAuthorization;
  readonly #rate: TokenBucket;
  #encoding: HocuspocusEncoding;
  #state: State = { kind: "new" };
  /** When the last grant ends for which the provider was asked for a new token. */
  #requestedTokenFor: number | undefined;
  /** Frames that were received and not handled. */
  #waitingFrames = 0;

  constructor(host: AttachmentHost, options: AttachmentOptions) {
    const { clock, limits } = options;
    this.#connection = host.connection;
    this.#host = host;
    this.#options = options;
    this.#encoding = hocuspocusEncoding(host.address);
    this.#inbox = new Inbox({
      limitBytes: limits.attachmentInboxBytes,
      failed: (error) => this.#failed(error),
      filled: () => host.filled(),
      cleared: () => host.cleared(),
    });
    this.#rate = new TokenBucket({ burst: limits.statelessBurst, perSecond: limits.statelessPerSecond, clock });
    this.#authorization = new DocumentAuthorization(host, options, () => this.#deadlinePassed());
    this.#authorization.startDeadline();
  }

  get #isOutside(): boolean {
    return this.#state.kind === "denied" || this.#state.kind === "refused";
  }

  /** Takes a frame of this document, whose message begins at `offset`. */
  receive(frame: Uint8Array, offset: number): void {
    this.#push(frame.byteLength, () => {
      const type = frame[offset];
      if (type === messageTypes.awareness && this.#isOutside) this.#answerKeepalive();
      // Nothing else is even looked at.
      if (this.#state.kind === "refused" && type !== messageTypes.auth && type !== messageTypes.close) return;
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

  /** A refusal drops nothing of what waits: behind it the client may have left the document and come anew. */
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
    if (message.type === "close") return this.#detach();
    if (message.type === "authentication") {
      if (state.kind === "refused") return this.#sendPermissionDenied(state.reason);
      return this.#authenticate(message.token);
    }
    switch (state.kind) {
      case "new":
        // Providers before version 3 do not authenticate when they have no token.
        return this.#authenticate(undefined).then(() => this.#handle(message));
      case "denied":
        return state.pending.add(message);
      case "joined":
        return state.member.handle(message);
      case "refused":
    }
  }

  /** A provider says every 15 s who it is, and connects anew, to be shut out anew, when it hears nothing for 30 s. */
  #answerKeepalive(): void {
    this.#connection.send(this.#encoding.awareness(emptyAwareness));
  }

  async #authenticate(token: string | undefined): Promise<void> {
    const pass = await this.#authorization.authorize(token, (decision) => this.#applyDecision(decision, token));
    if (pass !== undefined) await this.#enter(pass, token);
  }

  /** What the attachment is by now counts, not what it was when the token came. */
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
    const { limits, clock } = this.#options;
    if (address === name) this.#encoding = this.#options.plainEncoding(pass.room);
    const pending = this.#leave();
    const member = new HocuspocusMember({
      connection,
      encoding: this.#encoding,
      pass,
      // Those that do not authenticate are older than version 3.
      ledger: new AcknowledgementLedger({ access: pass.access, resetsOnSync: token !== undefined }),
      rate: this.#rate,
      signal: handshake.signal,
      limits,
      clock,
    });
    this.#authorization.stopDeadline();
    this.#state = { kind: "joined", member, pass };
    pass.watch(this.#watcherOf(pass, member));
    if (!member.hasLeft) return member.join(pending);
  }

  /** A member has authenticated again: nothing is between the grant before and this one. */
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
      if (expiresAt - this.#options.clock.now() < shortestNoticeMs) return;
    }
    this.#requestedTokenFor = expiresAt;
    this.#connection.send(this.#encoding.tokenRequest);
  }

  /** From this moment on, whatever waits. */
  #grantEnded(denial: Denial): void {
    this.#leaveAsDenied(denial);
    // What becomes of the token that it has shown meanwhile is told instead.
    if (!this.#authorization.isAuthorizing) this.#reportDenial();
  }

  #deny(denial: Denial, token: string | undefined): void {
    this.#leaveAsDenied(denial);
    // Who has shown nothing may be about to authenticate: it is told when the deadline comes.
    if ((token ?? handshakeToken(this.#host.handshake)) !== undefined) this.#reportDenial();
  }

  /** Coming back heals that nobody could be asked, and nothing else does. */
  #leaveAsDenied(denial: Denial): void {
    const { kind, reason } = denial;
    this.#state = { kind: "denied", pending: this.#leave(), reason: `${kind}: ${reason}` };
    if (kind === "unavailable") this.#connection.refuse(closeReasonOf(denial), reason);
  }

  #reportDenial(): void {
    if (this.#state.kind !== "denied") return;
    this.#authorization.stopDeadline();
    this.#sendPermissionDenied(this.#state.reason);
  }

  #deadlinePassed(): void {
    if (this.#state.kind === "denied") this.#reportDenial();
    else this.#connection.close(closeReasons.timeout);
  }

  #detach(): void {
    this.#leave();
    this.#authorization.stopDeadline();
    // What is behind it attaches the document anew.
    if (this.#waitingFrames > 0) this.#authorization.startDeadline();
    else this.#host.detached();
  }

  /** Returns what is owed to the provider should it come again. */
  #leave(): PendingAcknowledgements {
    const state = this.#state;
    this.#state = { kind: "new" };
    if (state.kind === "denied") return state.pending;
    if (state.kind !== "joined") return new PendingAcknowledgements();
    return new PendingAcknowledgements(state.member.leave());
  }

  /** Coming back heals it. */
  #failed(error: unknown): void {
    this.#waitingFrames = 0;
    const { log } = this.#options;
    if (error instanceof SessionError) this.#connection.refuse(error.reason, error.message);
    else {
      if (this.#connection.isOpen) log.error({ event: "attachment-crashed", protocol: "hocuspocus", err: error });
      this.#connection.close(closeReasons.internalError);
    }
  }

  #refuse(reason: CloseReason, detail: string): void {
    const { log, metrics } = this.#options;
    this.#leave();
    this.#authorization.stopDeadline();
    this.#state = { kind: "refused", reason: `${reason.name}: ${detail}` };
    this.#sendPermissionDenied(this.#state.reason);
    metrics.refusedSessions.inc({ reason: reason.name });
    log.info({ event: "document-refused", protocol: "hocuspocus", reason: reason.name, detail });
  }

  #sendPermissionDenied(reason: string): void {
    this.#connection.send(this.#encoding.denied(reason));
    this.#connection.send(this.#encoding.refused);
  }
}
