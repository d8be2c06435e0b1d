import { isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";
import type { PeerCodec, PeerMessage } from "../peer-codec.ts";

/** Whether a message is the first one of OctateCode's second dialect, in which a client names itself in `from`. */
export function isOctateCodePeers({ type, from, userId }: JsonObject): boolean {
  return type === "auth" && typeof from === "string" && userId === undefined;
}

/** The wire format of OctateCode's second dialect, which has no tokens and calls users peers. */
export const octatePeersCodec: PeerCodec = {
  decode,
  encodePeers: (roomId, peers) =>
    JSON.stringify({ type: "peerList", roomId, peers: peers.map(({ id, name }) => ({ id, name })) }),
  encodeJoined: (roomId, { id, name }) => JSON.stringify({ type: "peerJoined", roomId, peerId: id, peerName: name }),
  encodeLeft: (roomId, { id }) => JSON.stringify({ type: "peerLeft", roomId, peerId: id }),
  // The clients read the sender in either of two members.
  encodeSignal: ({ kind, to, content }, { roomId, id }) =>
    JSON.stringify({ type: kind, roomId, peerId: id, from: id, to, ...content }),
  encodeError: (error) => JSON.stringify({ type: "error", data: { error } }),
};

function decode({ fields }: JsonMessage): PeerMessage {
  const { type, data } = fields;
  switch (type) {
    case "auth": {
      const name = isObject(data) ? data["name"] : undefined;
      const id = text(fields, "from");
      return { type: "join", roomId: text(fields, "roomId"), id, name: typeof name === "string" ? name : id };
    }
    case "offer":
    case "answer":
    case "ice":
      return { type: "signal", kind: type, to: text(fields, "to"), content: { data } };
    case "chat":
    case "sync":
      return { type: "signal", kind: type, to: undefined, content: { data, timestamp: fields["timestamp"] } };
    case "leave":
      return { type, roomId: undefined };
    default:
      return { type: "unknown" };
  }
}

function text(fields: JsonObject, member: string): string {
  const value = fields[member];
  if (typeof value !== "string") throw malformed(`${member} is not a string`);
  return value;
}
