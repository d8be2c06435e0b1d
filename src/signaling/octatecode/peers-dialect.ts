import type { JsonDialect } from "../dialects.ts";
import { type PeerDialect, PeerSession, type PeerSessionOptions, type PeerTexts } from "../peer-session.ts";
import { endingText } from "./denial-text.ts";
import { isOctateCodePeers, octatePeersCodec } from "./peers-codec.ts";

/** The error texts of the dialects without tokens. */
export const peerTexts: PeerTexts = {
  roomFull: "Room not found or join failed",
  invalidName: () => "Missing userId or roomId",
  denied: endingText,
};

const dialect: PeerDialect = {
  codec: octatePeersCodec,
  namesOf: ({ roomId, id, name = id }) => [roomId, id, name],
  texts: peerTexts,
  // OctateCode's own server sends a message for the room to its sender as well.
  isBroadcastEchoed: true,
};

/** Signaling for OctateCode's second dialect: rooms of peers, which a client joins under an id of its own choice. */
export function octateCodePeers(options: PeerSessionOptions): JsonDialect {
  return {
    name: "octatecode-peers",
    recognises: isOctateCodePeers,
    open: (client) => new PeerSession(client, dialect, options),
  };
}
