import type { JsonDialect } from "../../../src/signaling/dialects.ts";
import { octateCode } from "../../../src/signaling/octatecode/dialect.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import { SignedRoomTokens } from "../../../src/signaling/octatecode/signed-room-tokens.ts";
import { PeerRoom } from "../../../src/signaling/peer-rooms/peer-room.ts";
import type { PeerSessionOptions } from "../../../src/signaling/peer-session.ts";
import { HeldAuthorizer } from "../fakes/held-authorizer.ts";
import { type DialectOptions, dialectClients, dialectParts } from "./dialect-clients.ts";

type OpenDialect = (options: PeerSessionOptions) => JsonDialect;

/** A dialect of peer sessions with rooms of its own, and clients of it. */
export function peerDialect(open: OpenDialect, options: DialectOptions = {}) {
  const parts = dialectParts(options);
  const { limits, openChannel } = parts;
  const rooms = parts.registry(() => new PeerRoom(openChannel, limits.signalingRoomMembers));
  return { ...dialectClients([open({ ...parts, rooms })], parts), rooms };
}

/** The same with an authorizer that answers when the test says so. `join` is the message that enters a room. */
export function heldPeerDialect(
  open: OpenDialect,
  join: (id: string, roomId: string) => unknown,
  options: Pick<DialectOptions, "limits"> = {},
) {
  const authorizer = new HeldAuthorizer();
  const clients = peerDialect(open, { ...options, authorizer });
  const enter = async (id: string, roomId = "room") => {
    const client = clients.connect(id);
    const joining = client.say(join(id, roomId));
    const grant = await authorizer.grant(roomId);
    await joining;
    return { client, grant };
  };
  const heldGrants = () => authorizer.grants.filter(({ isReleased }) => !isReleased).length;
  return { ...clients, authorizer, enter, heldGrants };
}

/** Clients of OctateCode's dialects: the first one, and others, in the order in which `list` asks them. */
export function octateDialects(
  list: (first: JsonDialect, options: PeerSessionOptions) => readonly JsonDialect[],
  options: DialectOptions,
) {
  const parts = dialectParts(options);
  const { limits, openChannel, clock } = parts;
  const rooms = parts.registry(() => new PeerRoom(openChannel, limits.signalingRoomMembers));
  const first = octateCode({
    ...parts,
    rooms: new OctateRooms(parts),
    tokens: new SignedRoomTokens(clock, 1_000),
    usage: () => ({ uptimeMs: 0, memory: {}, cpu: {} }),
  });
  return dialectClients([...list(first, { ...parts, rooms })], parts);
}
