import * as decoding from "lib0/decoding";
import * as Y from "yjs";
import { decodeFrame, encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";
import { Inbox, type Task } from "../../../src/transport/inbox.ts";
import type { Protocol, ProtocolSession } from "../../../src/transport/protocol.ts";

const permissionDenied = 2;

/** The server's connection to a client without a socket. */
export interface ClientLink extends Connection {
  /** Whether any frames have not been taken. */
  readonly hasFrames: boolean;
  take(): Frame[];
  disconnect(): void;
}

interface RoomClientParts {
  readonly doc: Y.Doc;
  readonly connection: ClientLink;
  readonly session: ProtocolSession;
  readonly gone: AbortController;
}

/** A y-websocket client without a socket: a document, and a session of the server behind its inbox. */
export class RoomClient {
  readonly doc: Y.Doc;
  readonly connection: ClientLink;
  /** The reasons of the permission-denied messages. */
  readonly notices: string[] = [];
  /** The number of SyncStep1 messages that it has answered. */
  answers = 0;
  /** The bytes of all SyncStep2 messages that it has sent. */
  answerBytes = 0;
  /** The bytes of the largest one. */
  mostAnswerBytes = 0;
  /** Error of the session; undefined while it goes on. */
  failure: unknown;
  readonly #session: ProtocolSession;
  readonly #gone: AbortController;
  readonly #inbox: Inbox<Task>;

  static async connect(protocol: Protocol, connection: ClientLink, doc = new Y.Doc()): Promise<RoomClient> {
    const gone = new AbortController();
    const session = await protocol.open(connection, { url: new URL("ws://x/sync/document"), signal: gone.signal });
    return new RoomClient({ doc, connection, session, gone });
  }

  private constructor({ doc, connection, session, gone }: RoomClientParts) {
    this.doc = doc;
    this.connection = connection;
    this.#session = session;
    this.#gone = gone;
    this.#inbox = Inbox.ofTasks({
      limitBytes: Number.POSITIVE_INFINITY,
      filled: () => {},
      cleared: () => {},
      failed: (error) => {
        this.failure = error;
      },
    });
    this.sync();
    doc.on("update", this.#updated);
  }

  get text(): Y.Text {
    return this.doc.getText("t");
  }

  get hasFrames(): boolean {
    return this.connection.hasFrames;
  }

  /** Handles the frames that the server has sent. */
  receive(): void {
    for (const frame of this.connection.take()) if (typeof frame !== "string") this.#receive(frame);
  }

  /** Asks for everything that it lacks, as it does when it connects. */
  sync(): void {
    this.#send(encodeMessage({ type: "sync-step-1", stateVector: Y.encodeStateVector(this.doc) }));
  }

  disconnect(): void {
    this.doc.off("update", this.#updated);
    this.connection.disconnect();
    this.#gone.abort();
    this.#inbox.finish(() => this.#session.closed());
  }

  readonly #updated = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.#send(encodeMessage({ type: "update", update }));
  };

  #send(frame: Uint8Array): void {
    this.#inbox.push(frame.byteLength, () => this.#session.receive(frame));
  }

  #receive(frame: Uint8Array): void {
    if (frame[0] === permissionDenied) {
      this.notices.push(decoding.readVarString(decoding.createDecoder(frame.subarray(2))));
      return;
    }
    const message = decodeFrame(frame);
    if (message.type === "sync-step-1") {
      const update = Y.encodeStateAsUpdate(this.doc, message.stateVector);
      this.answers += 1;
      this.answerBytes += update.byteLength;
      this.mostAnswerBytes = Math.max(this.mostAnswerBytes, update.byteLength);
      this.#send(encodeMessage({ type: "sync-step-2", update }));
    } else if (message.type === "sync-step-2" || message.type === "update") {
      Y.applyUpdate(this.doc, message.update, this);
    }
  }
}
