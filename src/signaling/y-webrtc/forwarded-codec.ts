import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** The place of an announcement among those of a topic; see `AnnouncementCrossings`. */
export interface AnnouncementOrder {
  /** Its number among the announcements of its node. */
  readonly number: number;
  /** The number of the last announcement that its node had received from each other node. */
  readonly heard: ReadonlyMap<string, number>;
}

/** A message that a subscriber has published, on its way to the subscribers on other nodes. */
export interface ForwardedMessage {
  /** The id of the sender among the subscribers of its node. */
  readonly sender: string;
  /** The peer ids of the sender and the only receiver; undefined where the message has none, or is encrypted. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Undefined for a message that is no announcement. */
  readonly announcement: AnnouncementOrder | undefined;
  /** The frame, as every receiver gets it. */
  readonly frame: string;
}

/** The members that a message has. */
const hasFrom = 1;
const hasTo = 2;
const hasAnnouncement = 4;

export function encodeForwarded({ sender, from, to, announcement, frame }: ForwardedMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  const present =
    (from === undefined ? 0 : hasFrom) |
    (to === undefined ? 0 : hasTo) |
    (announcement === undefined ? 0 : hasAnnouncement);
  encoding.writeVarUint(encoder, present);
  encoding.writeVarString(encoder, sender);
  if (from !== undefined) encoding.writeVarString(encoder, from);
  if (to !== undefined) encoding.writeVarString(encoder, to);
  if (announcement !== undefined) writeOrder(encoder, announcement);
  encoding.writeVarString(encoder, frame);
  return encoding.toUint8Array(encoder);
}

/** Undefined for a message that this release cannot read. */
export function decodeForwarded(bytes: Uint8Array): ForwardedMessage | undefined {
  const decoder = decoding.createDecoder(bytes);
  try {
    const present = decoding.readVarUint(decoder);
    const sender = decoding.readVarString(decoder);
    const from = present & hasFrom ? decoding.readVarString(decoder) : undefined;
    const to = present & hasTo ? decoding.readVarString(decoder) : undefined;
    const announcement = present & hasAnnouncement ? readOrder(decoder) : undefined;
    return { sender, from, to, announcement, frame: decoding.readVarString(decoder) };
  } catch {
    return undefined;
  }
}

function writeOrder(encoder: encoding.Encoder, { number, heard }: AnnouncementOrder): void {
  encoding.writeVarUint(encoder, number);
  encoding.writeVarUint(encoder, heard.size);
  for (const [node, last] of heard) {
    encoding.writeVarString(encoder, node);
    encoding.writeVarUint(encoder, last);
  }
}

function readOrder(decoder: decoding.Decoder): AnnouncementOrder {
  const number = decoding.readVarUint(decoder);
  const heard = new Map<string, number>();
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) {
    const node = decoding.readVarString(decoder);
    heard.set(node, decoding.readVarUint(decoder));
  }
  return { number, heard };
}
