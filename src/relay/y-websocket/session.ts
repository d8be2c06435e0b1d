import type { Access, Denial, GrantWatcher } from "../../auth/authorizer.ts";
import { abortableWait } from "../../lib/abortable-wait.ts";
import type { Waiter } from "../../lib/time/take-or-wait.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { closeReasonOf } from "../../rooms/denial.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
import type { ProtocolSession } from "../../transport/protocol.ts";
import type { DroppedMessages } from "../dropped-messages.ts";
import type { RelayLimits } from "../limits.ts";
import type { FrameSubmission, Submission, SubmissionOutcome } from "../submission.ts";
import type { SyncEncoding, SyncMember } from "../sync-member.ts";
import type { SyncRoom } from "../sync-room.ts";
import { Batch, decodeBatchMarker } from "./batch.ts";
import { type ClientMessage, decodeFrame, encodeMessage, isAwareness, updateOffsetOf } from "./codec.ts";

export interface YWebsocketSessionOptions {
  readonly limits: Pick<RelayLimits, "relayFrameBytes">;
  readonly metrics: Pick<Metrics, "ignoredMessages">;
  readonly dropped: DroppedMessages;
}

/** The client of a session. */
export interface Client {
  readonly connection: Connection;
  /** Read only when the client has to wait: most never do. */
  readonly waiter: Waiter;
}

/** All members share one encoding, because y-websocket's frames name no document. */
export const yWebsocketEncoding: SyncEncoding = {
  syncStep1: (stateVector) => encodeMessage({ type: "sync-step-1", stateVector }),
  syncStep2: (update) => encodeMessage({ type: "sync-step-2", update }),
  update: (update) => encodeMessage({ type: "update", update }),
  awareness: (body) => encodeMessage({ type: "awareness", body }),
};

/** A frame with several messages gives up its turn after so many of them at the earliest. */
const messagesInTurn = 16;
/** The length of an update without structs and deletes; every other update is longer. */
const emptyUpdateBytes = 2;

/** The client logs the reason, as "permission denied". */
const notices = {
  "read-only": encodeMessage({ type: "permission-denied", reason: "read-only: your changes are not saved" }),
  "too-large": encodeMessage({
    type: "permission-denied",
    reason:
      "document-too-large: your changes are not saved; undo the last one or delete content, and they are sent again",
  }),
} satisfies Record<Exclude<SubmissionOutcome, "taken">, Uint8Array>;

/** One client in one document. */
export class YWebsocketSession implements ProtocolSession, SyncMember, GrantWatcher {
  readonly connection: Connection;
  readonly encoding = yWebsocketEncoding;
  readonly #waiter: Waiter;
  readonly #pass: RoomPass<SyncRoom>;
  readonly #options: YWebsocketSessionOptions;
  /** Defined while the client sends a message in pieces. */
  #batch: Batch | undefined;
  /** The notice that the client was sent last. */
  #notice: keyof typeof notices | undefined;
  #hasGrantEnded = false;

  /** The session owns the pass from now on. */
  constructor({ connection, waiter }: Client, pass: RoomPass<SyncRoom>, options: YWebsocketSessionOptions) {
    this.connection = connection;
    this.#waiter = waiter;
    this.#pass = pass;
    this.#options = options;
    // The grant may have ended since the pass was issued: then the client must learn nothing of the room.
    pass.watch(this);
    if (this.#hasGrantEnded) return;
    this.#room.join(this);
    this.#room.ask(this);
  }

  /** The room reads this again after every wait, so an update under way when the grant ends is not taken. */
  get access(): Access {
    return this.#hasGrantEnded ? "read" : this.#pass.access;
  }

  get user(): string | undefined {
    return this.#pass.user;
  }

  get #room(): SyncRoom {
    return this.#pass.room;
  }

  /** Sends the client the frame of its own update, which it takes as the acknowledgement. */
  acknowledge(frame: Frame): void {
    this.#room.updates.acknowledge(this, frame);
  }

  /** As `acknowledge`, for an update that can be sent in pieces. */
  echo(update: Uint8Array): void {
    this.#room.updates.echo(this, update);
  }

  receive(frame: Frame): void | Promise<void> {
    if (typeof frame === "string") return this.#receiveText(frame);
    if (this.#batch !== undefined) return this.#batch.add(frame);
    if (!this.#submitFrame(frame)) return this.#receiveMessages(frame);
  }

  #receiveText(text: string): void | Promise<void> {
    const marker = decodeBatchMarker(text);
    // Some servers of y-websocket's protocol carry messages of the application as text.
    if (marker === undefined) return this.#ignored();
    const batch = this.#batch;
    this.#batch = undefined;
    if (marker.type === "end") return batch === undefined ? this.#ignored() : this.#receiveMessages(batch.join());
    if (marker.bytes > this.#options.limits.relayFrameBytes) {
      throw new SessionError(
        closeReasons.frameTooLarge,
        `limits.relay-frame-bytes: a message of ${marker.bytes} bytes`,
      );
    }
    this.#batch = new Batch(marker.bytes);
  }

  #receiveMessages(frame: Uint8Array): void | Promise<void> {
    const content = decodeFrame(frame);
    return content.type === "several" ? this.#handleAll(content.messages) : this.#handle(content, frame);
  }

  async #handleAll(messages: Iterable<ClientMessage>): Promise<void> {
    const { turns } = this.connection;
    let count = 0;
    for (const message of messages) {
      count += 1;
      this.connection.spend("frames", 1);
      if (count % messagesInTurn === 0 && turns.isOver) await new Promise<void>((begins) => turns.wait(begins));
      await this.#handle(message);
    }
  }

  /** `frame` holds this message alone: other clients get it unchanged. */
  #handle(message: ClientMessage, frame?: Uint8Array): void | Promise<void> {
    switch (message.type) {
      case "sync-step-1":
        return this.#room.sync(this, message.stateVector);
      case "sync-step-2":
        return this.#submit(new SyncStep2(this, message.update));
      case "update":
        return this.#submit(new ClientUpdate(this, message.update, frame));
      case "awareness":
        return this.#room.updateAwareness(this, message.body);
      case "query-awareness":
        this.#room.queryAwareness(this);
        break;
      case "unknown":
        this.#ignored();
        break;
    }
  }

  /** Ends the session, unless the frame carries presence. */
  oversized(frame: Frame, detail: string): void {
    if (!isAwareness(frame)) throw new SessionError(closeReasons.frameTooLarge, detail);
    const drops = { count: 1, detail: `${frame.length} bytes` };
    this.#options.dropped.report(this.connection, "limits.relay-frame-bytes", drops);
  }

  closed(): void {
    this.#room.leave(this);
    this.#pass.release();
  }

  changed(): void {
    this.#room.accessChanged(this);
    this.#notice = undefined;
    // The client still has the updates that were refused before: ask for them.
    if (this.access === "write") this.#room.ask(this);
    else this.#tell("read-only");
  }

  ended(denial: Denial): void {
    this.#hasGrantEnded = true;
    this.connection.refuse(closeReasonOf(denial), denial.reason);
  }

  #ignored(): void {
    this.#options.metrics.ignoredMessages.inc({ protocol: "y-websocket" });
  }

  /**
   * A client that sends faster than it reads is owed its own updates. It is not closed for that: its frames wait until
   * it has taken some, as they do while much that it has sent waits for the store.
   */
  #submit(submission: Submission): void | Promise<void> {
    const { updates } = this.#room;
    if (!updates.isFullFor(this)) return this.#submitted(updates.submit(submission));
    const { signal } = this.#waiter;
    if (signal.aborted) return this.#submitted(updates.submit(submission));
    const taken = abortableWait(signal, (done) => {
      updates.whenTaken(this, done);
      return undefined;
    });
    return taken.then(() => this.#submit(submission));
  }

  /** Takes a frame with the commonest update; returns false for any other. */
  #submitFrame(frame: Uint8Array): boolean {
    const offset = updateOffsetOf(frame);
    if (offset < 0 || this.#notice !== undefined) return false;
    const { updates } = this.#room;
    return !updates.isFullFor(this) && updates.submitFrame(new ClientFrame(this, frame), offset);
  }

  #submitted(outcome: SubmissionOutcome | Promise<SubmissionOutcome>): void | Promise<void> {
    if (outcome instanceof Promise) return outcome.then((settled) => this.#submitted(settled));
    if (outcome !== "taken") this.#tell(outcome);
    else if (this.#notice === "too-large") this.#notice = undefined;
  }

  /** The client is told once: the missing echo of an update shows that it was not taken. */
  #tell(notice: keyof typeof notices): void {
    if (this.#notice === notice) return;
    this.#notice = notice;
    this.connection.send(notices[notice]);
  }
}

/**
 * A frame of a client with one update. A client may look for the bytes that it has sent, so the frame comes back
 * unchanged.
 */
class ClientFrame implements FrameSubmission {
  readonly sender: YWebsocketSession;
  readonly frame: Uint8Array;

  constructor(sender: YWebsocketSession, frame: Uint8Array) {
    this.sender = sender;
    this.frame = frame;
  }

  get access(): Access {
    return this.sender.access;
  }

  stored(): void {
    this.sender.acknowledge(this.frame);
  }
}

/** An update of a client that has to be decoded. */
class ClientUpdate implements Submission {
  readonly sender: YWebsocketSession;
  readonly update: Uint8Array;
  /** Undefined when the frame has other messages as well. */
  readonly frame: Uint8Array | undefined;

  constructor(sender: YWebsocketSession, update: Uint8Array, frame: Uint8Array | undefined) {
    this.sender = sender;
    this.update = update;
    this.frame = frame;
  }

  get access(): Access {
    return this.sender.access;
  }

  /** As for `ClientFrame`, the frame comes back unchanged. */
  stored(): void {
    this.sender.acknowledge(this.frame ?? encodeMessage({ type: "update", update: this.update }));
  }
}

/** The answer of a client to a SyncStep1. */
class SyncStep2 implements Submission {
  readonly sender: YWebsocketSession;
  readonly update: Uint8Array;
  readonly answersSyncStep1 = true;

  constructor(sender: YWebsocketSession, update: Uint8Array) {
    this.sender = sender;
    this.update = update;
  }

  get access(): Access {
    return this.sender.access;
  }

  /** An empty update needs no acknowledgement. */
  stored(): void {
    if (this.update.byteLength > emptyUpdateBytes) this.sender.echo(this.update);
  }
}
