import * as decoding from "lib0/decoding";
import { messageTypes } from "../../../src/relay/hocuspocus/codec.ts";
import { decodeSyncMessage } from "../../../src/relay/sync-codec.ts";
import { framed, providerFrames } from "../../../test/support/bytes/hocuspocus-frames.ts";
import type { Acknowledgements, ReceivedMessage, SentMessage, SyncProtocol } from "./sync-protocol.ts";

const permissionDenied = 1;
/** Why something is refused of which the server says no more. */
export const notApplied = "SyncStatus 0";

/** All documents on one connection, each frame with its document's name ahead. */
export const hocuspocus: SyncProtocol = {
  path: () => "/collab",
  sharesConnections: true,
  address: (document) => document,
  hello: (address) => providerFrames(address).auth(),
  leave: (address) => providerFrames(address).close(),
  encode,
  decode: (frame) => {
    // Ping and Pong.
    if (frame.byteLength === 1) return undefined;
    const decoder = decoding.createDecoder(frame);
    const address = decoding.readVarString(decoder);
    const message = decodeHeard(decoder);
    return message && { address, message };
  },
  acknowledgements: () => new Statuses(),
};

/** As providers with `sessionAwareness` speak it: on a connection a document may be there more than once. */
export const hocuspocusSessions: SyncProtocol = {
  ...hocuspocus,
  address: (document) => `${document}\0${crypto.randomUUID()}`,
};

function encode(address: string, message: SentMessage): Uint8Array {
  const frames = providerFrames(address);
  switch (message.type) {
    case "sync-step-1":
      return frames.step1(message.stateVector);
    case "sync-step-2":
      return frames.step2(message.update);
    case "update":
      return frames.update(message.update);
    case "awareness":
      return framed(address, messageTypes.awareness, message.body);
  }
}

function decodeHeard(decoder: decoding.Decoder): ReceivedMessage | undefined {
  switch (decoding.readVarUint(decoder)) {
    case messageTypes.sync:
      return decodeSyncMessage(decoder);
    case messageTypes.auth:
      if (decoding.readVarUint(decoder) !== permissionDenied) return undefined;
      return { type: "refused", why: decoding.readVarString(decoder) };
    case messageTypes.syncStatus:
      return decoding.readVarUint(decoder) === 1 ? { type: "applied" } : { type: "refused", why: notApplied };
    default:
      return undefined;
  }
}

/**
 * One SyncStatus for each Update, in order, also for one that holds nothing; and one for the SyncStep2 with which the
 * client answers the server's part of the client's own sync, but for no other.
 */
class Statuses implements Acknowledgements {
  readonly #waiting: Uint8Array[] = [];
  /** Syncs that the client has started, and the server has not asked its part of. */
  #started = 0;
  /** By SyncStep1 of the server that is not answered: whether the answer is part of the client's sync. */
  readonly #questions: boolean[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  sent(message: SentMessage): void {
    if (message.type === "sync-step-1") this.#started += 1;
    else if (message.type === "update") this.#waiting.push(message.update);
    else if (message.type === "sync-step-2" && this.#questions.shift() === true) this.#waiting.push(message.update);
  }

  heard(message: ReceivedMessage): Uint8Array | undefined {
    if (message.type === "applied") return this.#waiting.shift();
    if (message.type !== "sync-step-1") return undefined;
    this.#questions.push(this.#started > 0);
    this.#started = Math.max(0, this.#started - 1);
    return undefined;
  }
}
