import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { readStamp, writeStamp } from "../cluster/claim-codec.ts";
import type { Stamp } from "../cluster/stamp.ts";
import type { QueuedMessage } from "../mailbox.ts";

/** An id that a client holds, as its node announces it. */
export interface AnnouncedId {
  readonly id: string;
  readonly stamp: Stamp;
  /** As `ClaimQuestion.proof`. */
  readonly proof: Uint8Array;
  /** The groups of a Peers device; PeerJS has none. */
  readonly groups: readonly string[];
}

/** The ids of all clients of a node come in one message or more, which nothing separates. */
export interface IdList {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly ids: readonly AnnouncedId[];
}

/** A message from one node to another. A client's message is `mail`. */
export type NodeMessage =
  | { readonly type: "opened"; readonly opened: AnnouncedId; readonly replaces: readonly Stamp[] }
  | { readonly type: "closed"; readonly id: string; readonly stamp: Stamp }
  | ({ readonly type: "list" } & IdList)
  | { readonly type: "list-request" }
  | { readonly type: "mail"; readonly mail: QueuedMessage }
  /** The receiver of the mail has no connection to the node that it was sent to. */
  | { readonly type: "returned"; readonly mail: QueuedMessage }
  /** Asks for an answer that comes after all that is returned. */
  | { readonly type: "recall"; readonly receiver: string; readonly number: number }
  | { readonly type: "recalled"; readonly receiver: string; readonly number: number };

/** The first byte; 1 is that of messages about claims. */
const types = {
  opened: 2,
  closed: 3,
  list: 4,
  "list-request": 5,
  mail: 6,
  returned: 7,
  recall: 8,
  recalled: 9,
} as const;

const typeNames = new Map(Object.entries(types).map(([name, type]) => [type as number, name as keyof typeof types]));

/** A list is continued in another message when one has become longer than this. */
const listBytes = 32_768;

export function encodeMessage(message: Exclude<NodeMessage, { type: "list" }>): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, types[message.type]);
    switch (message.type) {
      case "opened":
        writeId(encoder, message.opened);
        return writeAll(encoder, message.replaces, writeStamp);
      case "closed":
        encoding.writeVarString(encoder, message.id);
        return writeStamp(encoder, message.stamp);
      case "list-request":
        return;
      case "mail":
      case "returned":
        return writeMail(encoder, message.mail);
      case "recall":
      case "recalled":
        encoding.writeVarString(encoder, message.receiver);
        return encoding.writeVarUint(encoder, message.number);
    }
  });
}

/** Encodes all ids of a node, in one message at least. */
export function encodeLists(ids: Iterable<AnnouncedId>): readonly Uint8Array[] {
  const parts: AnnouncedId[][] = [[]];
  let bytes = 0;
  for (const id of ids) {
    if (bytes > listBytes) parts.push([]);
    if (bytes > listBytes) bytes = 0;
    parts.at(-1)?.push(id);
    bytes += encoding.encode((encoder) => writeId(encoder, id)).byteLength;
  }
  return parts.map((part, index) =>
    encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, types.list);
      encoding.writeVarUint(encoder, index === 0 ? 1 : 0);
      encoding.writeVarUint(encoder, index === parts.length - 1 ? 1 : 0);
      writeAll(encoder, part, writeId);
    }),
  );
}

/** Reads a message; undefined if this server does not know its type, or it is cut short. */
export function decodeMessage(message: Uint8Array): NodeMessage | undefined {
  const decoder = decoding.createDecoder(message);
  try {
    const type = typeNames.get(decoding.readVarUint(decoder));
    return type && readMessage(type, decoder);
  } catch {
    // It comes from another release.
    return undefined;
  }
}

function readMessage(type: keyof typeof types, decoder: decoding.Decoder): NodeMessage {
  switch (type) {
    case "opened":
      return { type, opened: readId(decoder), replaces: readAll(decoder, readStamp) };
    case "closed":
      return { type, id: decoding.readVarString(decoder), stamp: readStamp(decoder) };
    case "list": {
      const [isFirst, isLast] = [decoding.readVarUint(decoder) === 1, decoding.readVarUint(decoder) === 1];
      return { type, isFirst, isLast, ids: readAll(decoder, readId) };
    }
    case "list-request":
      return { type };
    case "mail":
    case "returned":
      return { type, mail: readMail(decoder) };
    case "recall":
    case "recalled":
      return { type, receiver: decoding.readVarString(decoder), number: decoding.readVarUint(decoder) };
  }
}

function writeId(encoder: encoding.Encoder, { id, stamp, proof, groups }: AnnouncedId): void {
  encoding.writeVarString(encoder, id);
  writeStamp(encoder, stamp);
  encoding.writeVarUint8Array(encoder, proof);
  writeAll(encoder, groups, encoding.writeVarString);
}

function readId(decoder: decoding.Decoder): AnnouncedId {
  const [id, stamp] = [decoding.readVarString(decoder), readStamp(decoder)];
  const proof = decoding.readVarUint8Array(decoder).slice();
  return { id, stamp, proof, groups: readAll(decoder, decoding.readVarString) };
}

function writeMail(encoder: encoding.Encoder, mail: QueuedMessage): void {
  for (const text of [mail.sender, mail.receiver, mail.address, mail.frame]) encoding.writeVarString(encoder, text);
  encoding.writeVarUint(encoder, mail.needsConnection ? 1 : 0);
}

function readMail(decoder: decoding.Decoder): QueuedMessage {
  const [sender, receiver] = [decoding.readVarString(decoder), decoding.readVarString(decoder)];
  const [address, frame] = [decoding.readVarString(decoder), decoding.readVarString(decoder)];
  return { sender, receiver, address, frame, needsConnection: decoding.readVarUint(decoder) === 1 };
}

function writeAll<T>(
  encoder: encoding.Encoder,
  values: readonly T[],
  write: (encoder: encoding.Encoder, value: T) => void,
): void {
  encoding.writeVarUint(encoder, values.length);
  for (const value of values) write(encoder, value);
}

function readAll<T>(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => T): readonly T[] {
  const values: T[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) values.push(read(decoder));
  return values;
}
