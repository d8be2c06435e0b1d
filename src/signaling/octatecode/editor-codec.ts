import { isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";
import type { PeerCodec, PeerInfo, PeerMessage } from "../peer-codec.ts";

/**
 * Whether a message is the first one of OctateCode's extension for VS Code, which names its user inside `data` and has
 * no token. A client that shows one there speaks the first dialect.
 */
export function isOctateCodeEditor({ type, from, userId, data }: JsonObject): boolean {
  if (type !== "auth" || typeof from === "string" || userId !== undefined || !isObject(data)) return false;
  return typeof data["userId"] === "string" && (data["token"] === null || data["token"] === undefined);
}

/**
 * The wire format of OctateCode's extension for VS Code, whose users send each other operations and cursors by way of
 * the server.
 */
export const octateEditorCodec: PeerCodec = {
  decode,
  // The extension joins its room when it is told this. It has joined it already.
  encodePeers: (_, others, { id, name }) =>
    JSON.stringify({ type: "auth-success", data: { userId: id, userName: name, users: others.map(user) } }),
  encodeJoined: (roomId, peer) => JSON.stringify({ type: "user_joined", roomId, data: user(peer) }),
  encodeLeft: (roomId, peer) => JSON.stringify({ type: "user_left", roomId, data: user(peer) }),
  encodeSignal: ({ content }, { roomId, id, name }) =>
    JSON.stringify({ ...content, roomId, userId: id, userName: name }),
  encodeError: (message) => JSON.stringify({ type: "error", data: { error: message, message } }),
};

function decode({ fields }: JsonMessage): PeerMessage {
  const { type, data } = fields;
  const inside = isObject(data) ? data : {};
  switch (type) {
    case "auth": {
      const id = text(inside, "userId");
      const { userName } = inside;
      const roomId = text("roomId" in inside ? inside : fields, "roomId");
      return { type: "join", roomId, id, name: typeof userName === "string" ? userName : id };
    }
    case "join-room":
      return { type: "confirm", text: JSON.stringify({ type: "room-joined", data: { roomId: inside["roomId"] } }) };
    case "ping":
      return { type: "confirm", text: JSON.stringify({ type: "pong" }) };
    case "operation":
    case "cursor":
    case "presence":
      return { type: "signal", kind: type, to: undefined, content: fields };
    default:
      return { type: "unknown" };
  }
}

function user({ id, name }: PeerInfo) {
  return { userId: id, userName: name };
}

function text(fields: JsonObject, member: string): string {
  const value = fields[member];
  if (typeof value !== "string") throw malformed(`${member} is not a string`);
  return value;
}
