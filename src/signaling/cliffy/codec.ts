import { type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";
import type { PeerCodec, PeerMessage } from "../peer-codec.ts";

/** Whether a message is a Cliffy client's first one, a join. */
export function isCliffy({ type, peerId }: JsonObject): boolean {
  return type === "join" && typeof peerId === "string";
}

/** Cliffy's wire format. */
export const cliffyCodec: PeerCodec = {
  decode,
  encodePeers: (roomId, peers) =>
    JSON.stringify({ type: "peers", roomId, peers: peers.map(({ id, name }) => ({ id, name })) }),
  encodeJoined: (roomId, { id, name }) => JSON.stringify({ type: "peer-joined", roomId, peerId: id, peerName: name }),
  encodeLeft: (roomId, { id }) => JSON.stringify({ type: "peer-left", roomId, peerId: id }),
  encodeSignal: ({ kind, to, content }, { id }) =>
    JSON.stringify({ type: kind, fromPeerId: id, toPeerId: to, ...content }),
  encodeError: (message) => JSON.stringify({ type: "error", message }),
};

function decode({ fields }: JsonMessage): PeerMessage {
  const { type } = fields;
  switch (type) {
    case "join":
      return { type, roomId: text(fields, "roomId"), id: text(fields, "peerId"), name: peerName(fields) };
    case "leave":
      return { type, roomId: text(fields, "roomId") };
    case "offer":
    case "answer":
      return { type: "signal", kind: type, to: text(fields, "toPeerId"), content: { sdp: text(fields, "sdp") } };
    case "ice-candidate": {
      const candidate = text(fields, "candidate");
      return { type: "signal", kind: type, to: text(fields, "toPeerId"), content: { candidate } };
    }
    default:
      return { type: "unknown" };
  }
}

function peerName(fields: JsonObject): string | undefined {
  // Some clients send null when they have no name.
  return fields["peerName"] === undefined || fields["peerName"] === null ? undefined : text(fields, "peerName");
}

function text(fields: JsonObject, member: string): string {
  const value = fields[member];
  if (typeof value !== "string") throw malformed(`${member} is not a string`);
  return value;
}
