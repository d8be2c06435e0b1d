import { closeReasons } from "../../../src/transport/close-reason.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { within } from "../../within.ts";
import { hocuspocus, notApplied } from "../client/hocuspocus-protocol.ts";
import { type Closing, SyncConnection } from "../client/sync-connection.ts";
import { yWebsocket } from "../client/y-websocket-protocol.ts";
import type { Faults } from "../outcome.ts";
import { type Conversation, conclusionDetail, conversations } from "./hocuspocus-mutations.ts";
import type { SignalingFrame } from "./json-mutations.ts";
import { PeerJsFuzzClient } from "./peerjs-fuzz-client.ts";
import { peerjsFrames, understoodByPeerjs } from "./peerjs-mutations.ts";
import { PeersFuzzClient } from "./peers-fuzz-client.ts";
import { endsPeers, peersFrames } from "./peers-mutations.ts";
import { roomFrames } from "./room-mutations.ts";
import { signalingFrames, understood } from "./signaling-mutations.ts";
import { isRefused, syncFrames } from "./sync-mutations.ts";

export interface FuzzLoadOptions {
  /** The server's URL as `ws://host:port`. */
  readonly url: string;
  /** The number of handled frames after which the load is over. */
  readonly frames: number;
  readonly faults: Faults;
  readonly hasEnded: () => boolean;
}

const framesPerDocument = 2_000;
const framesPerConnection = 100;
const limitMs = 20_000;
const normalClosure = 1000;

/** The close codes that such frames may cause: the client's own, a protocol error, or a busy server. */
const allowedCodes: ReadonlySet<number> = new Set([
  normalClosure,
  closeReasons.malformedFrame.code,
  closeReasons.frameTooLarge.code,
  closeReasons.overloaded.code,
]);

/**
 * Mutated frames over many connections, which share their documents and topics.
 *
 * The server ignores every frame after the one it refuses. The frames of a connection therefore end there, so that each
 * of them counts.
 */
export class FuzzLoad {
  readonly closings = new Map<number, number>();
  readonly #options: FuzzLoadOptions;
  #handled = 0;
  #refused = 0;
  #connections = 0;

  constructor(options: FuzzLoadOptions) {
    this.#options = options;
  }

  get handled(): number {
    return this.#handled;
  }

  get refused(): number {
    return this.#refused;
  }

  get connections(): number {
    return this.#connections;
  }

  get isOver(): boolean {
    return this.#handled >= this.#options.frames || this.#options.hasEnded();
  }

  /** The names of all documents to which a frame was addressed. */
  get documents(): readonly string[] {
    const count = Math.floor(this.#handled / framesPerDocument) + 1;
    return Array.from({ length: count }, (_, index) => documentsBeside(nameOf(index))).flat();
  }

  /** Opens one connection after another to `/sync`, until the load is over. */
  async sync(random: Random): Promise<void> {
    const frames = syncFrames(random);
    while (!this.isOver) {
      const batch = upToFirst(frames, isRefused);
      const url = `${this.#options.url}${yWebsocket.path(this.#document)}`;
      const connection = new SyncConnection(url, yWebsocket);
      try {
        await within(limitMs, "open", connection.opened);
        for (const frame of batch) connection.send(frame);
        if (!isRefused(batch.at(-1) ?? new Uint8Array())) connection.socket.close(normalClosure);
        const closing = await within(limitMs, "closed", connection.closed);
        this.#closed(batch, closing);
      } catch (error) {
        this.#failed(batch, error);
      }
    }
  }

  /**
   * Opens one connection after another to `/collab`, until the load is over.
   *
   * The server refuses a document and keeps the connection, so the test checks that exactly the expected documents are
   * refused.
   */
  async collab(random: Random): Promise<void> {
    const all = conversations(random, syncFrames(random), () => documentsBeside(this.#document));
    while (!this.isOver) {
      const conversation = all.next().value;
      const { frames, refusals, endsConnection } = conversation;
      const socket = new WebSocket(`${this.#options.url}${hocuspocus.path("")}`);
      try {
        const heard = await within(limitMs, "answered and closed", converse(socket, conversation));
        this.#closed(frames, heard.closing);
        this.#refused += heard.refusals;
        if (!endsConnection && heard.closing.code === normalClosure && heard.refusals !== refusals) {
          this.#options.faults.add(`${heard.refusals} refusals instead of ${refusals} for ${shown(frames)}`);
        }
      } catch (error) {
        this.#failed(frames, error);
      }
    }
  }

  /** Opens one connection after another to `/` and `/signal`, until the load is over. */
  async signaling(random: Random): Promise<void> {
    const frames = signalingFrames(random);
    while (!this.isOver) {
      const batch = upToFirst(frames, (frame) => understood(frame) === undefined);
      const socket = new WebSocket(`${this.#options.url}/${random.pick(["", "signal"])}`);
      try {
        const closing = await within(limitMs, "answered and closed", this.#signal(socket, batch));
        this.#closed(batch, closing);
      } catch (error) {
        this.#failed(batch, error);
      }
    }
  }

  /** Opens one connection after another to `/peerjs` with an id of its own, until the load is over. */
  async peerjs(id: string, random: Random): Promise<void> {
    const frames = peerjsFrames(random);
    while (!this.isOver) {
      const batch = upToFirst(frames, (frame) => understoodByPeerjs(frame) === undefined);
      const understandable = batch.filter((frame) => understoodByPeerjs(frame) !== undefined);
      const client = new PeerJsFuzzClient(this.#options.url, id);
      try {
        await within(limitMs, "handled", client.handles(understandable));
        for (const frame of batch.slice(understandable.length)) await within(limitMs, "refused", client.refuses(frame));
        this.#closed(batch, await within(limitMs, "closed", client.close(normalClosure)));
        if (understandable.length < batch.length) this.#refused += 1;
        for (const fault of client.faults) this.#options.faults.add(fault);
      } catch (error) {
        this.#failed(batch, error);
      }
    }
  }

  /** Opens one connection after another to `/socket.io/`, until the load is over. */
  async peers(random: Random): Promise<void> {
    const frames = peersFrames(random);
    while (!this.isOver) {
      const batch = upToFirst(frames, endsPeers);
      const last = batch.find(endsPeers);
      const client = new PeersFuzzClient(this.#options.url);
      try {
        await within(limitMs, "handled", client.handles(last === undefined ? batch : batch.slice(0, -1)));
        const ending = last === undefined ? client.close(normalClosure) : client.endsBy(last);
        this.#closed(batch, await within(limitMs, "closed", ending));
        if (last !== undefined) this.#refused += 1;
        for (const fault of client.faults) this.#options.faults.add(fault);
      } catch (error) {
        this.#failed(batch, error);
      }
    }
  }

  /**
   * Opens one connection after another to the dialects with rooms, until the load is over. These answer a frame that
   * they cannot read and stay open.
   */
  async rooms(random: Random): Promise<void> {
    while (!this.isOver) {
      const batch = roomFrames(random, 1 + random.integer(framesPerConnection));
      const socket = new WebSocket(`${this.#options.url}/${random.pick(["", "signal"])}`);
      try {
        this.#closed(batch, await within(limitMs, "opened and closed", this.#sayAll(socket, batch)));
      } catch (error) {
        this.#failed(batch, error);
      }
    }
  }

  /** Sends all frames, and closes when the server has answered the ping behind them. */
  async #sayAll(socket: WebSocket, batch: readonly SignalingFrame[]): Promise<Closing> {
    const { promise: closed, resolve: close } = Promise.withResolvers<Closing>();
    socket.onclose = ({ code, reason }) => close({ code, reason });
    socket.onopen = () => {
      for (const frame of batch) send(socket, frame);
      socket.ping();
    };
    socket.addEventListener("pong", () => socket.close(normalClosure));
    return closed;
  }

  /** Sends all frames, and the last one, which ends the session, after every ping before it is answered. */
  async #signal(socket: WebSocket, batch: readonly SignalingFrame[]): Promise<Closing> {
    const { promise: closed, resolve: close } = Promise.withResolvers<Closing>();
    const understandable = batch.filter((frame) => understood(frame) !== undefined);
    let awaitedPongs = 1 + understandable.filter((frame) => understood(frame) === "ping").length;
    socket.onclose = ({ code, reason }) => close({ code, reason });
    socket.onopen = () => {
      for (const frame of understandable) send(socket, frame);
      send(socket, '{"type":"ping"}');
    };
    socket.onmessage = ({ data }) => {
      if (data !== '{"type":"pong"}') return;
      awaitedPongs -= 1;
      if (awaitedPongs > 0) return;
      for (const frame of batch.slice(understandable.length)) send(socket, frame);
      socket.close(normalClosure);
    };
    return closed;
  }

  /** The document to which all connections write at the moment. */
  get #document(): string {
    return nameOf(Math.floor(this.#handled / framesPerDocument));
  }

  #closed(batch: readonly (Uint8Array | string)[], { code, reason }: Closing): void {
    this.#connections += 1;
    this.#handled += batch.length;
    this.closings.set(code, (this.closings.get(code) ?? 0) + 1);
    if (code !== normalClosure) this.#refused += 1;
    if (!allowedCodes.has(code)) this.#options.faults.add(`closed with ${code} ${reason} after ${shown(batch)}`);
  }

  #failed(batch: readonly (Uint8Array | string)[], error: unknown): void {
    if (this.#options.hasEnded()) return;
    this.#handled += batch.length;
    this.#options.faults.add(`${error instanceof Error ? error.message : error} with ${shown(batch)}`);
  }
}

function nameOf(index: number): string {
  return `fuzz ${index}`;
}

/** The document, and those that share a connection with it if the protocol carries several. */
function documentsBeside(document: string): readonly string[] {
  return [document, `${document} again`];
}

interface ConversationHeard {
  readonly closing: Closing;
  /** The number of refusals of documents. */
  readonly refusals: number;
}

/** Sends the whole conversation, and closes when the conclusion has been answered in every document. */
async function converse(socket: WebSocket, conversation: Conversation): Promise<ConversationHeard> {
  const { frames, endsConnection, conclusion, conclusions } = conversation;
  const { promise: ended, resolve: end } = Promise.withResolvers<ConversationHeard>();
  let refusals = 0;
  let awaited = conclusions;
  socket.binaryType = "arraybuffer";
  socket.onclose = ({ code, reason }) => end({ closing: { code, reason }, refusals });
  socket.onopen = () => {
    for (const frame of endsConnection ? frames : [...frames, ...conclusion]) send(socket, frame);
  };
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    const message = hocuspocus.decode(new Uint8Array(data))?.message;
    if (message?.type !== "refused" || message.why === notApplied) return;
    if (!message.why.endsWith(conclusionDetail)) {
      refusals += 1;
      return;
    }
    awaited -= 1;
    if (awaited === 0) socket.close(normalClosure);
  };
  return ended;
}

function upToFirst<Frame>(frames: Iterator<Frame, never>, isLast: (frame: Frame) => boolean): readonly Frame[] {
  const batch: Frame[] = [];
  while (batch.length < framesPerConnection) {
    const frame = frames.next().value;
    batch.push(frame);
    if (isLast(frame)) break;
  }
  return batch;
}

function send(socket: WebSocket, frame: SignalingFrame): void {
  // The type of WebSocket.send excludes shared memory, which is not used here.
  socket.send(frame as string | Uint8Array<ArrayBuffer>);
}

/** Formats the last frames of a batch, which most likely caused the fault. */
function shown(batch: readonly (Uint8Array | string)[]): string {
  const last = batch.slice(-3).map((frame) => (typeof frame === "string" ? frame : Buffer.from(frame).toString("hex")));
  return `${batch.length} frames, at last ${last.join(" ").slice(-600)}`;
}
