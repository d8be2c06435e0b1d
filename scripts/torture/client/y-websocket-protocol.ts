import { decodeFrame, encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import { isSyncMessage } from "./sync-message.ts";
import type { Acknowledgements, ReceivedMessage, SentMessage, SyncProtocol } from "./sync-protocol.ts";

const sync = 0;
const emptyUpdateBytes = 2;

/** One connection per document; frames do not name it. */
export const yWebsocket: SyncProtocol = {
  path: (document) => `/sync/${encodeURIComponent(document)}`,
  sharesConnections: false,
  address: () => "",
  encode: (_, message) => encodeMessage(message),
  decode: (frame) => {
    if (frame[0] !== sync) return undefined;
    const message = decodeFrame(frame);
    return isSyncMessage(message) ? { address: "", message } : undefined;
  },
  acknowledgements: () => new Echoes(),
};

/** Acknowledgements by echo: the server sends an update back. It does not send back an empty one. */
class Echoes implements Acknowledgements {
  /** The hashes of the updates that wait for their echo. */
  readonly #waiting = new Set<bigint | number>();

  get waiting(): number {
    return this.#waiting.size;
  }

  sent(message: SentMessage): void {
    if (message.type !== "update" && message.type !== "sync-step-2") return;
    if (message.update.byteLength > emptyUpdateBytes) this.#waiting.add(Bun.hash(message.update));
  }

  heard(message: ReceivedMessage): Uint8Array | undefined {
    if (message.type !== "update") return undefined;
    return this.#waiting.delete(Bun.hash(message.update)) ? message.update : undefined;
  }
}
