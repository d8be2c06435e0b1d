import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** A node sends it to all others every few seconds. */
export interface Beat {
  readonly kind: "beat";
  /** Whether the others are to send theirs at once. */
  readonly asksForBeats: boolean;
  /** The nodes that it hears, each with the number of its view (`PeerTable`). */
  readonly views: ReadonlyMap<string, number>;
}

export type BusItem =
  | Beat
  | { readonly kind: "ended" }
  /** To all nodes, or to one. */
  | {
      readonly kind: "message";
      readonly to: string | undefined;
      readonly subject: string;
      readonly room: string;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: "question";
      readonly id: number;
      readonly subject: string;
      readonly room: string;
      readonly body: Uint8Array;
    }
  | { readonly kind: "answer"; readonly to: string; readonly id: number; readonly body: Uint8Array | undefined }
  /** An item that is too long for a notification: its encoding is in the table of spilled ones. */
  | { readonly kind: "spilled"; readonly to: string | undefined; readonly place: number };

/** Items as they are sent together. */
export interface Envelope {
  /** Ascends by one with each envelope of a node. */
  readonly number: number;
  readonly items: readonly BusItem[];
}

/** A node ignores envelopes of another format, and items of kinds that it does not know: they come from other releases. */
const format = 1;

const beat = 0;
const ended = 1;
const message = 2;
const question = 3;
const answer = 4;
const spilled = 5;

export function encodeItem(item: BusItem): Uint8Array {
  return encoding.encode((encoder) => writeItem(encoder, item));
}

function writeItem(encoder: encoding.Encoder, item: BusItem): void {
  switch (item.kind) {
    case "beat":
      encoding.writeVarUint(encoder, beat);
      encoding.writeVarUint(encoder, item.asksForBeats ? 1 : 0);
      encoding.writeVarUint(encoder, item.views.size);
      for (const [node, view] of item.views) {
        encoding.writeVarString(encoder, node);
        encoding.writeVarUint(encoder, view);
      }
      return;
    case "ended":
      encoding.writeVarUint(encoder, ended);
      return;
    case "message":
      encoding.writeVarUint(encoder, message);
      encoding.writeVarString(encoder, item.to ?? "");
      encoding.writeVarString(encoder, item.subject);
      encoding.writeVarString(encoder, item.room);
      encoding.writeUint8Array(encoder, item.body);
      return;
    case "question":
      encoding.writeVarUint(encoder, question);
      encoding.writeVarUint(encoder, item.id);
      encoding.writeVarString(encoder, item.subject);
      encoding.writeVarString(encoder, item.room);
      encoding.writeUint8Array(encoder, item.body);
      return;
    case "answer":
      encoding.writeVarUint(encoder, answer);
      encoding.writeVarString(encoder, item.to);
      encoding.writeVarUint(encoder, item.id);
      encoding.writeUint8(encoder, item.body === undefined ? 0 : 1);
      if (item.body !== undefined) encoding.writeUint8Array(encoder, item.body);
      return;
    case "spilled":
      encoding.writeVarUint(encoder, spilled);
      encoding.writeVarString(encoder, item.to ?? "");
      encoding.writeVarUint(encoder, item.place);
      return;
  }
}

/** Reads one item; undefined if its kind is unknown. Throws for malformed bytes. Its body is a copy. */
export function decodeItem(bytes: Uint8Array): BusItem | undefined {
  const decoder = decoding.createDecoder(bytes);
  switch (decoding.readVarUint(decoder)) {
    case beat:
      return { kind: "beat", asksForBeats: decoding.readVarUint(decoder) === 1, views: readViews(decoder) };
    case ended:
      return { kind: "ended" };
    case message:
      return {
        kind: "message",
        to: decoding.readVarString(decoder) || undefined,
        subject: decoding.readVarString(decoder),
        room: decoding.readVarString(decoder),
        body: readRest(decoder),
      };
    case question:
      return {
        kind: "question",
        id: decoding.readVarUint(decoder),
        subject: decoding.readVarString(decoder),
        room: decoding.readVarString(decoder),
        body: readRest(decoder),
      };
    case answer:
      return {
        kind: "answer",
        to: decoding.readVarString(decoder),
        id: decoding.readVarUint(decoder),
        body: decoding.readUint8(decoder) === 1 ? readRest(decoder) : undefined,
      };
    case spilled:
      return {
        kind: "spilled",
        to: decoding.readVarString(decoder) || undefined,
        place: decoding.readVarUint(decoder),
      };
    default:
      return undefined;
  }
}

function readViews(decoder: decoding.Decoder): Map<string, number> {
  const views = new Map<string, number>();
  const count = decoding.readVarUint(decoder);
  for (let index = 0; index < count; index += 1) {
    const node = decoding.readVarString(decoder);
    views.set(node, decoding.readVarUint(decoder));
  }
  return views;
}

function readRest(decoder: decoding.Decoder): Uint8Array {
  return decoder.arr.slice(decoder.pos);
}

/** The bytes that an item adds to its envelope, at most. */
export function bytesInEnvelope(item: Uint8Array): number {
  return item.byteLength + 5;
}

/** The bytes of an envelope without items, at most. */
export const emptyEnvelopeBytes = 10;

/** Writes encoded items into one envelope. */
export function encodeEnvelope(number: number, items: readonly Uint8Array[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, format);
    encoding.writeVarUint(encoder, number);
    for (const item of items) encoding.writeVarUint8Array(encoder, item);
  });
}

/** Undefined for an envelope of another format. Throws for malformed bytes. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const decoder = decoding.createDecoder(bytes);
  if (decoding.readVarUint(decoder) !== format) return undefined;
  const number = decoding.readVarUint(decoder);
  const items: BusItem[] = [];
  while (decoding.hasContent(decoder)) {
    const item = decodeItem(decoding.readVarUint8Array(decoder));
    if (item !== undefined) items.push(item);
  }
  return { number, items };
}
