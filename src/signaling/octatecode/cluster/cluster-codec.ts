import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** The description of a room by its host. */
export interface RoomFacts {
  readonly roomId: string;
  readonly roomName: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly createdAt: number;
  readonly fileId: string | undefined;
  readonly content: string | undefined;
  readonly version: number | undefined;
}

/** The description of a member. */
export interface MemberRecord {
  readonly name: string;
  readonly connectedAt: number;
  readonly lastHeartbeat: number;
}

/** The messages of nodes about rooms, beside those about their members. */
export type RoomMessage =
  /** The sender has the room. */
  | { readonly type: "described"; readonly facts: RoomFacts }
  /** The sender has dropped the room, in which nobody was. */
  | { readonly type: "forgotten"; readonly roomId: string; readonly createdAt: number }
  /** The receiver describes all its rooms. */
  | { readonly type: "describe-all" };

/** Messages about members and claims have smaller kinds. */
const kinds = { described: 32, forgotten: 33, "describe-all": 34 } as const;

/** Asks for the description of a room. */
export const roomQuestion = Uint8Array.of(3);

export function isRoomQuestion(question: Uint8Array): boolean {
  return question[0] === roomQuestion[0];
}

export function encodeRoomMessage(message: RoomMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kinds[message.type]);
  if (message.type === "described") encoding.writeVarString(encoder, JSON.stringify(message.facts));
  if (message.type === "forgotten") {
    encoding.writeVarString(encoder, message.roomId);
    encoding.writeVarUint(encoder, message.createdAt);
  }
  return encoding.toUint8Array(encoder);
}

/** Undefined for a message about something else, or one that this release does not know. */
export function decodeRoomMessage(bytes: Uint8Array): RoomMessage | undefined {
  const decoder = decoding.createDecoder(bytes);
  try {
    switch (decoding.readVarUint(decoder)) {
      case kinds.described: {
        const facts = factsIn(JSON.parse(decoding.readVarString(decoder)));
        return facts && { type: "described", facts };
      }
      case kinds.forgotten: {
        const roomId = decoding.readVarString(decoder);
        return { type: "forgotten", roomId, createdAt: decoding.readVarUint(decoder) };
      }
      case kinds["describe-all"]:
        return { type: "describe-all" };
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

export function encodeMember(member: MemberRecord): string {
  return JSON.stringify(member);
}

/** Undefined for a text of another format. */
export function decodeMember(encoded: string): MemberRecord | undefined {
  try {
    const fields = fieldsOf(JSON.parse(encoded));
    const { name, connectedAt, lastHeartbeat } = fields;
    if (typeof name !== "string" || typeof connectedAt !== "number" || typeof lastHeartbeat !== "number")
      return undefined;
    return { name, connectedAt, lastHeartbeat };
  } catch {
    return undefined;
  }
}

function factsIn(value: unknown): RoomFacts | undefined {
  const fields = fieldsOf(value);
  const { roomId, roomName, hostId, hostName, createdAt, fileId, content, version } = fields;
  if (typeof roomId !== "string" || typeof roomName !== "string" || typeof createdAt !== "number") return undefined;
  if (typeof hostId !== "string" || typeof hostName !== "string") return undefined;
  return {
    roomId,
    roomName,
    hostId,
    hostName,
    createdAt,
    fileId: typeof fileId === "string" ? fileId : undefined,
    content: typeof content === "string" ? content : undefined,
    version: typeof version === "number" ? version : undefined,
  };
}

function fieldsOf(value: unknown): Readonly<Partial<Record<string, unknown>>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
