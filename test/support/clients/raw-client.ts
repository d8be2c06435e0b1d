import * as decoding from "lib0/decoding";
import * as Y from "yjs";
import { encodeMessage, type ServerMessage } from "../../../src/relay/y-websocket/codec.ts";
import { eventually } from "../eventually.ts";

/** A y-websocket connection without a document, which records the received messages. */
export class RawClient {
  readonly socket: WebSocket;
  readonly frames: Uint8Array[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.frames.push(new Uint8Array(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  static async connect(url: string, options?: Bun.WebSocketOptions): Promise<RawClient> {
    const client = new RawClient(new WebSocket(url, options));
    await eventually(
      "open or closed",
      () => client.socket.readyState === WebSocket.OPEN || client.closed !== undefined,
    );
    return client;
  }

  send(message: ServerMessage): void {
    this.sendBytes(encodeMessage(message));
  }

  sendBytes(frame: Uint8Array | string): void {
    // The type of WebSocket.send excludes shared memory, which is not used here.
    this.socket.send(frame as Uint8Array<ArrayBuffer> | string);
  }

  /** Sends the SyncStep1 of a client without content and awaits the answer: SyncStep2, and the updates before it. */
  async sync(stateVector: Uint8Array = Uint8Array.of(0)): Promise<Uint8Array> {
    const [before, updatesBefore] = [this.bodies(1).length, this.bodies(2).length];
    this.send({ type: "sync-step-1", stateVector });
    await eventually("SyncStep2", () => this.bodies(1).length > before);
    const answer = this.bodies(1)[before] ?? Uint8Array.of();
    const updates = this.bodies(2).slice(updatesBefore);
    return updates.length === 0 ? answer : Y.mergeUpdates([...updates, answer]);
  }

  /** The bodies of the sync messages received so far: sub-type 0 is SyncStep1, 1 is SyncStep2, 2 is Update. */
  bodies(subType: 0 | 1 | 2): readonly Uint8Array[] {
    return this.frames.filter((frame) => frame[0] === 0 && frame[1] === subType).map(body);
  }

  /** The received updates without the empty ones. */
  get updates(): readonly Uint8Array[] {
    return this.bodies(2);
  }

  /** The reasons of the received auth messages. */
  get denials(): readonly string[] {
    return this.frames
      .filter((frame) => frame[0] === 2)
      .map((frame) => decoding.readVarString(decoding.createDecoder(frame.subarray(2))));
  }

  async close(): Promise<void> {
    this.socket.close();
    await eventually("closed", () => this.closed !== undefined);
  }
}

function body(frame: Uint8Array): Uint8Array {
  return decoding.readVarUint8Array(decoding.createDecoder(frame.subarray(2)));
}

/** The number of occurrences of each `client:clock` in these updates. */
export function countClocks(updates: readonly Uint8Array[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const update of updates) {
    for (const { id, length } of Y.decodeUpdate(update).structs) {
      for (let clock = id.clock; clock < id.clock + length; clock += 1) {
        const key = `${id.client}:${clock}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** The updates that `edit` makes to a new document, one per transaction. */
export function updatesOf(edit: (doc: Y.Doc) => void, doc = new Y.Doc()): Uint8Array[] {
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  edit(doc);
  return updates;
}
