import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { DecodeError, decodeNext, readByte, readUint } from "../../update/strict-decoding.ts";
import type { AwarenessEntry } from "../awareness-codec.ts";

/** Whether a member of the node that sends an entry has its id as its own: announced, or only claimed. */
export type Hold = "none" | "claim" | "owned";

/** An entry of the awareness of a room, as a node tells it to the others. */
export interface NodeEntry extends AwarenessEntry {
  /** A node that held the id before and holds it no more says so by `none`. */
  readonly hold: Hold;
  /** Whether a new connection has announced the id as its own: the client may have dropped the states of the others. */
  readonly isFirst: boolean;
  /** The time since the last new clock, in milliseconds. It counts only for an id that no node holds. */
  readonly ageMs: number;
}

/** An id, and the clock that its client has to exceed before the others take its state. */
export type Outdated = Pick<AwarenessEntry, "clientId" | "clock">;

/** Whether a node that is sent all entries of another one answers: always, or if it has members in the room. */
export type Wanted = "nothing" | "entries" | "answer";

/** A message about one room. */
export type RoomMessage =
  | { readonly type: "changes"; readonly entries: readonly NodeEntry[] }
  /** Everything that the node holds, and the states that nobody holds. */
  | { readonly type: "all"; readonly entries: readonly NodeEntry[]; readonly wanted: Wanted }
  /** The node has no members in the room any more. */
  | { readonly type: "closed" }
  /** Asks a node to have the clocks of its clients raised. */
  | { readonly type: "outdated"; readonly ids: readonly Outdated[] };

export type PresenceMessage =
  | RoomMessage
  /** The node has missed messages, of whichever rooms. */
  | { readonly type: "missed" };

const types = { changes: 1, all: 2, outdated: 3, closed: 4, missed: 5 } as const;
const holds: readonly Hold[] = ["none", "claim", "owned"];
const wants: readonly Wanted[] = ["nothing", "entries", "answer"];
/** The lowest two bits of an entry's flags are its hold. */
const holdBits = 0b11;
const firstBit = 0b100;

export function encodePresence(message: PresenceMessage): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeUint8(encoder, types[message.type]);
    if (message.type === "all") encoding.writeUint8(encoder, wants.indexOf(message.wanted));
    if ("ids" in message) writeAll(encoder, message.ids, writeOutdated);
    else if ("entries" in message) writeAll(encoder, message.entries, writeEntry);
  });
}

/** Whether a message wants an answer of every node. It is not decoded for that. */
export function wantsAnswer(bytes: Uint8Array): boolean {
  return bytes[0] === types.all && bytes[1] === wants.indexOf("answer");
}

/** Whether a message says that its node has missed others. */
export function saysMissed(bytes: Uint8Array): boolean {
  return bytes[0] === types.missed;
}

/** Returns undefined for a message of another release. Throws `DecodeError`. Bytes behind a message are ignored. */
export function decodePresence(bytes: Uint8Array): PresenceMessage | undefined {
  return decodeNext(decoding.createDecoder(bytes), readMessage);
}

function readMessage(decoder: decoding.Decoder): PresenceMessage | undefined {
  switch (readByte(decoder)) {
    case types.changes:
      return { type: "changes", entries: readAll(decoder, readEntry) };
    case types.all: {
      const wanted = wants[readByte(decoder)] ?? "nothing";
      return { type: "all", wanted, entries: readAll(decoder, readEntry) };
    }
    case types.outdated:
      return { type: "outdated", ids: readAll(decoder, readOutdated) };
    case types.closed:
      return { type: "closed" };
    case types.missed:
      return { type: "missed" };
    default:
      return undefined;
  }
}

function writeEntry(encoder: encoding.Encoder, { clientId, clock, state, hold, isFirst, ageMs }: NodeEntry): void {
  writeOutdated(encoder, { clientId, clock });
  encoding.writeUint8(encoder, holds.indexOf(hold) | (isFirst ? firstBit : 0));
  encoding.writeVarUint(encoder, Math.max(0, Math.trunc(ageMs)));
  encoding.writeVarString(encoder, state ?? "null");
}

function readEntry(decoder: decoding.Decoder): NodeEntry {
  const { clientId, clock } = readOutdated(decoder);
  const flags = readByte(decoder);
  const ageMs = readUint(decoder);
  const state = decoding.readVarString(decoder);
  const hold = holds[flags & holdBits] ?? "none";
  return { clientId, clock, hold, ageMs, isFirst: (flags & firstBit) > 0, state: state === "null" ? undefined : state };
}

function writeOutdated(encoder: encoding.Encoder, { clientId, clock }: Outdated): void {
  encoding.writeVarUint(encoder, clientId);
  encoding.writeVarUint(encoder, clock);
}

function readOutdated(decoder: decoding.Decoder): Outdated {
  return { clientId: readUint(decoder), clock: readUint(decoder) };
}

function writeAll<T>(
  encoder: encoding.Encoder,
  values: readonly T[],
  write: (encoder: encoding.Encoder, value: T) => void,
) {
  encoding.writeVarUint(encoder, values.length);
  for (const value of values) write(encoder, value);
}

function readAll<T>(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => T): readonly T[] {
  const values: T[] = [];
  for (let left = readUint(decoder); left > 0; left -= 1) {
    if (!decoding.hasContent(decoder)) throw new DecodeError("unexpected end of data");
    values.push(read(decoder));
  }
  return values;
}
