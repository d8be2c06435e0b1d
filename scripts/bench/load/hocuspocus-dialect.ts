import * as encoding from "lib0/encoding";
import type { Dialect } from "./dialect.ts";
import { opcodes } from "./frames.ts";
import { bytesOf } from "./var-int.ts";
import { behindNumber, kindOfMessage } from "./y-websocket-dialect.ts";

const auth = 2;
const syncStatus = 8;
const emptyStateVector = Uint8Array.of(0);

/** Hocuspocus on `path`, one document per connection. Document names must be shorter than 128 bytes. */
export function hocuspocusDialect(path: string, { mergesUpdates }: Pick<Dialect, "mergesUpdates">): Dialect {
  return {
    path: () => path,
    opcode: opcodes.binary,
    hello: (document) => [addressed(document, auth, 0, "token"), addressed(document, 0, 0, emptyStateVector)],
    syncs: true,
    namesDocument: true,
    update: (document, update) => addressed(document, 0, 2, update),
    awareness: (document, body) => addressed(document, 1, body),
    mergesUpdates,
    updateOffset: (bytes, start) => behindNumber(bytes, start + (bytes[start] ?? 0) + 3),
    // After the document's name, a message is that of y-websocket, except for some types of its own.
    kindOf: (bytes, start, length) => {
      const nameLength = bytes[start] ?? 0;
      if (length < nameLength + 2) return "other";
      const at = start + 1 + nameLength;
      return bytes[at] === syncStatus ? "status" : kindOfMessage(bytes, at);
    },
    awarenessOffset: (document) => bytesOf(document).length + 1,
    acknowledgement: "status",
  };
}

function addressed(document: string, ...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, document);
    encoding.writeUint8Array(encoder, bytesOf(...parts));
  });
}
