import * as decoding from "lib0/decoding";
import type { Dialect, MessageKind } from "./dialect.ts";
import { opcodes } from "./frames.ts";
import { bytesOf } from "./var-int.ts";

const emptyStateVector = Uint8Array.of(0);

/** y-websocket, with its documents under a prefix of the URL's path. */
export function yWebsocketDialect(prefix: string, { mergesUpdates }: Pick<Dialect, "mergesUpdates">): Dialect {
  return {
    path: (document) => `${prefix}${document}`,
    opcode: opcodes.binary,
    hello: () => [bytesOf(0, 0, emptyStateVector)],
    syncs: true,
    namesDocument: false,
    update: (_, update) => bytesOf(0, 2, update),
    awareness: (_, body) => bytesOf(1, body),
    mergesUpdates,
    updateOffset: (bytes, start) => behindNumber(bytes, start + 2),
    kindOf: kindOfMessage,
    awarenessOffset: () => 1,
    acknowledgement: "update",
  };
}

/** Reads the array at `at`, which its length precedes. */
export function bodyAt(bytes: Uint8Array, at: number, end: number): Uint8Array {
  return decoding.readVarUint8Array(decoding.createDecoder(bytes.subarray(at, end)));
}

/** The offset behind the number at `at`. */
export function behindNumber(bytes: Uint8Array, at: number): number {
  let offset = at;
  while ((bytes[offset] ?? 0) >= 0x80) offset += 1;
  return offset + 1;
}

/** The kind of a y-websocket message that starts at `start`. */
export function kindOfMessage(bytes: Uint8Array, start: number): MessageKind {
  if (bytes[start] === 1) return "awareness";
  if (bytes[start] !== 0) return "other";
  if (bytes[start + 1] === 2) return "update";
  return bytes[start + 1] === 1 ? "synced" : "other";
}

/** The same messages for a server that forwards every frame without reading it. */
export const bareDialect: Dialect = {
  ...yWebsocketDialect("/", { mergesUpdates: false }),
  hello: () => [],
  syncs: false,
  acknowledgement: undefined,
};
