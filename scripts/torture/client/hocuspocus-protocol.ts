import * as decoding from "lib0/decoding";
import { messageTypes } from "../../../src/relay/hocuspocus/codec.ts";
import { decodeSyncMessage } from "../../../src/relay/sync-codec.ts";
import { framed, providerFrames } from "../../../test/support/bytes/hocuspocus-frames.ts";
import { isSyncMessage } from "./sync-message.ts";
import type { Acknowledgements, ReceivedMessage, SentMessage, SyncProtocol } from "./sync-protocol.ts";

const permissionDenied = 1;
/** The reason of a refusal without any detail from the server. */
export const notApplied = "SyncStatus 0";

/** All documents share one connection; each frame begins with the name of its document. */
export const hocuspocus: SyncProtocol = {
  path: () => "/collab",
  sharesConnections: true,
  address: (document) => document,
  hello: (address) => providerFrames(address).auth(),
  leave: (address) => providerFrames(address).close(),
  encode,
  decode: (frame) => {
    // The frame is a Ping or a Pong.
    if (frame.byteLength === 1) return undefined;
    const decoder = decoding.createDecoder(frame);
    const address = decoding.readVarString(decoder);
    const message = decodeHeard(decoder);
    return message && { address, message };
  },
  acknowledgements: () => new Statuses(),
};

/** The protocol of providers with `sessionAwareness`: a connection may carry the same document more than once. */
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
    case messageTypes.sync: {
      const message = decodeSyncMessage(decoder);
      return isSyncMessage(message) ? message : undefined;
    }
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
 * Acknowledgements by SyncStatus. The server sends one for each Update, in order, even for an empty one. It also sends
 * one for the SyncStep2 by which the client answers the server's part of the client's own sync, but for no other
 * SyncStep2.
 */
class Statuses implements Acknowledgements {
  readonly #waiting: Uint8Array[] = [];
  /** The number of syncs that the client has started and for which the server has not sent its SyncStep1. */
  #started = 0;
  /** One entry for each unanswered SyncStep1 of the server: true if the answer is part of the client's own sync. */
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
