import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { encodeAwareness } from "../../../src/relay/awareness/awareness-codec.ts";

type Part = number | string | Uint8Array;

/** Encodes a frame of a provider: numbers, texts and bytes as lib0 writes them. */
export function framed(address: string, ...parts: readonly Part[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address);
    for (const part of parts) {
      if (typeof part === "number") encoding.writeVarUint(encoder, part);
      else if (typeof part === "string") encoding.writeVarString(encoder, part);
      else encoding.writeVarUint8Array(encoder, part);
    }
  });
}

/** Encodes the messages of a provider about the document at this address. */
export function providerFrames(address: string) {
  return {
    auth: (token = "") => framed(address, 2, 0, token),
    step1: (stateVector: Uint8Array = Uint8Array.of(0)) => framed(address, 0, 0, stateVector),
    step2: (update: Uint8Array = Uint8Array.of(0, 0)) => framed(address, 0, 1, update),
    update: (update: Uint8Array) => framed(address, 0, 2, update),
    awareness: (clientId: number, clock: number, state: object | null) => {
      const entry = { clientId, clock, state: state === null ? undefined : JSON.stringify(state) };
      return framed(address, 1, encodeAwareness([entry]));
    },
    queryAwareness: () => framed(address, 3),
    stateless: (payload: string) => framed(address, 5, payload),
    close: () => framed(address, 7),
  };
}

const syncNames = ["step1", "step2", "update"];

/** Describes a frame of the server in words, `address: type bytes`, with NUL in the address as `#`. */
export function inWords(frame: string | Uint8Array): string {
  if (typeof frame === "string") return frame;
  if (frame.byteLength === 1) return frame[0] === 10 ? "pong" : "ping";
  const decoder = decoding.createDecoder(frame);
  const address = decoding.readVarString(decoder).replace("\0", "#");
  return `${address}: ${messageInWords(decoder)}`;
}

function messageInWords(decoder: decoding.Decoder): string {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case 0:
      return `${syncNames[decoding.readVarUint(decoder)]} ${decoding.readVarUint8Array(decoder).toHex()}`;
    case 1:
      return `awareness ${awarenessInWords(decoding.readVarUint8Array(decoder))}`;
    case 2:
      return authInWords(decoder);
    case 3:
      return "asks who is there";
    case 5:
      return `stateless ${decoding.readVarString(decoder)}`;
    case 8:
      return `status ${decoding.readVarUint(decoder)}`;
    default:
      return `type ${type}`;
  }
}

function authInWords(decoder: decoding.Decoder): string {
  const type = decoding.readVarUint(decoder);
  if (type === 0) return "asks for a token";
  return `${type === 1 ? "denied" : "authenticated"} ${decoding.readVarString(decoder)}`;
}

function awarenessInWords(body: Uint8Array): string {
  const decoder = decoding.createDecoder(body);
  const count = decoding.readVarUint(decoder);
  return Array.from({ length: count }, () => {
    const [client, clock] = [decoding.readVarUint(decoder), decoding.readVarUint(decoder)];
    return `${client}@${clock} ${decoding.readVarString(decoder)}`;
  }).join(", ");
}
