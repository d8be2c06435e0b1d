import type { JsonDialect } from "../dialects.ts";
import { Members } from "../members.ts";
import { type PeerDialect, PeerSession, type PeerSessionOptions } from "../peer-session.ts";
import { cliffyCodec, isCliffy } from "./codec.ts";

/** Signaling for Cliffy: rooms of peers with ids and names, which signal each other by id. */
export function cliffy(options: PeerSessionOptions): JsonDialect {
  const dialect: PeerDialect = {
    codec: cliffyCodec,
    // An empty peer name counts as none.
    namesOf: ({ roomId, id, name }) => (name ? [roomId, id, name] : [roomId, id]),
    texts: {
      roomFull: "Room is full",
      invalidName: (fault) => `Invalid room id, peer id or name: ${fault}`,
      denied: ({ reason }) => reason,
    },
    // A peer id is unique on the server, and its peer is in one room at a time; the connections bound their number.
    peers: options.cluster?.peers ?? new Members(Number.POSITIVE_INFINITY),
  };
  return {
    name: "cliffy",
    recognises: isCliffy,
    open: (client) => new PeerSession(client, dialect, options),
  };
}
