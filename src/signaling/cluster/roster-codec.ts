import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** A member of a room, as its node tells the others. */
export interface RosterEntry {
  readonly id: string;
  /** The time in the stamp of its claim, of which the node is the sender. */
  readonly at: number;
  /** The description of the member, as its dialect encodes it. */
  readonly info: string;
}

/** A room on a node, and its members there. */
export interface ToldRoom {
  readonly name: string;
  /** Whether the node has the room open. */
  readonly isOpen: boolean;
  readonly entries: readonly RosterEntry[];
}

/** The messages of nodes to each other about the members of their rooms. */
export type RosterMessage =
  | { readonly type: "joined"; readonly entry: RosterEntry }
  | { readonly type: "left"; readonly id: string }
  /** The sender has closed the room. */
  | { readonly type: "closed" }
  /**
   * Asks for the members of the rooms, which the sender has open. `isRepeated`: the sender has missed messages, the
   * questions of the receiver among them, maybe.
   */
  | { readonly type: "tell"; readonly isRepeated: boolean; readonly names: readonly string[] }
  /** All members of the sender in these rooms. */
  | { readonly type: "told"; readonly rooms: readonly ToldRoom[] }
  /** A message to all members of the receiver. */
  | { readonly type: "published"; readonly payload: Uint8Array }
  /** A message to one member. */
  | { readonly type: "sent"; readonly receiver: string; readonly payload: Uint8Array };

/** Messages of claims have smaller kinds. */
const kinds = { joined: 16, left: 17, closed: 18, tell: 19, told: 20, published: 21, sent: 22 } as const;

/** Asks which members of the room the receiver has. The sender opens it. */
export const openingQuestion = Uint8Array.of(2);

export function isOpeningQuestion(question: Uint8Array): boolean {
  return question[0] === openingQuestion[0];
}

export function encodeRosterMessage(message: RosterMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kinds[message.type]);
  switch (message.type) {
    case "joined":
      writeEntry(encoder, message.entry);
      break;
    case "left":
      encoding.writeVarString(encoder, message.id);
      break;
    case "closed":
      break;
    case "tell":
      encoding.writeVarUint(encoder, message.isRepeated ? 1 : 0);
      encoding.writeVarUint(encoder, message.names.length);
      for (const name of message.names) encoding.writeVarString(encoder, name);
      break;
    case "told":
      encoding.writeVarUint(encoder, message.rooms.length);
      for (const room of message.rooms) writeRoom(encoder, room);
      break;
    case "sent":
      encoding.writeVarString(encoder, message.receiver);
      encoding.writeVarUint8Array(encoder, message.payload);
      break;
    case "published":
      encoding.writeVarUint8Array(encoder, message.payload);
      break;
  }
  return encoding.toUint8Array(encoder);
}

/** Undefined for a message that this release does not know. Bytes behind a message are of a later release. */
export function decodeRosterMessage(bytes: Uint8Array): RosterMessage | undefined {
  const decoder = decoding.createDecoder(bytes);
  try {
    return readMessage(decoder);
  } catch {
    return undefined;
  }
}

function readMessage(decoder: decoding.Decoder): RosterMessage | undefined {
  switch (decoding.readVarUint(decoder)) {
    case kinds.joined:
      return { type: "joined", entry: readEntry(decoder) };
    case kinds.left:
      return { type: "left", id: decoding.readVarString(decoder) };
    case kinds.closed:
      return { type: "closed" };
    case kinds.tell: {
      const isRepeated = decoding.readVarUint(decoder) === 1;
      return { type: "tell", isRepeated, names: readList(decoder, decoding.readVarString) };
    }
    case kinds.told:
      return { type: "told", rooms: readList(decoder, readRoom) };
    case kinds.published:
      return { type: "published", payload: decoding.readVarUint8Array(decoder) };
    case kinds.sent: {
      const receiver = decoding.readVarString(decoder);
      return { type: "sent", receiver, payload: decoding.readVarUint8Array(decoder) };
    }
    default:
      return undefined;
  }
}

function writeEntry(encoder: encoding.Encoder, { id, at, info }: RosterEntry): void {
  encoding.writeVarString(encoder, id);
  encoding.writeVarUint(encoder, at);
  encoding.writeVarString(encoder, info);
}

function readEntry(decoder: decoding.Decoder): RosterEntry {
  const id = decoding.readVarString(decoder);
  const at = decoding.readVarUint(decoder);
  return { id, at, info: decoding.readVarString(decoder) };
}

function writeRoom(encoder: encoding.Encoder, { name, isOpen, entries }: ToldRoom): void {
  encoding.writeVarString(encoder, name);
  encoding.writeVarUint(encoder, isOpen ? 1 : 0);
  encoding.writeVarUint(encoder, entries.length);
  for (const entry of entries) writeEntry(encoder, entry);
}

function readRoom(decoder: decoding.Decoder): ToldRoom {
  const name = decoding.readVarString(decoder);
  const isOpen = decoding.readVarUint(decoder) === 1;
  return { name, isOpen, entries: readList(decoder, readEntry) };
}

function readList<T>(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => T): readonly T[] {
  const list: T[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) list.push(read(decoder));
  return list;
}
