import type { JsonDialect } from "../../../src/signaling/dialects.ts";
import { Members } from "../../../src/signaling/members.ts";
import type { PeerCodec } from "../../../src/signaling/peer-codec.ts";
import { PeerCluster } from "../../../src/signaling/peer-rooms/peer-cluster.ts";
import { PeerRoom } from "../../../src/signaling/peer-rooms/peer-room.ts";
import type { PeerSessionOptions } from "../../../src/signaling/peer-session.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type DialectOptions, dialectClients, dialectParts } from "../servers/dialect-clients.ts";
import { BusNetwork } from "./bus-network.ts";

/** A dialect of peer sessions on each node. */
export interface PeerNodesOptions extends Pick<DialectOptions, "limits"> {
  readonly open: (options: PeerSessionOptions) => JsonDialect;
  readonly codec: PeerCodec;
  /** Whether an id is unique in all rooms. */
  readonly isUniqueInAllRooms?: boolean;
}

/** Nodes with one dialect of peer sessions on one bus, and clients of each of them. */
export function peerNodes(count: number, { open, codec, isUniqueInAllRooms, ...options }: PeerNodesOptions) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const start = (node: string) => {
    const parts = dialectParts({ ...options, clock });
    const { limits, openChannel } = parts;
    const cluster = new PeerCluster({
      bus: network.join(node),
      subject: "peers",
      codec,
      clock,
      limits,
      ...(isUniqueInAllRooms === true && { peers: new Members(Number.POSITIVE_INFINITY) }),
    });
    const rooms = parts.registry(
      (name) => cluster.share(name, new PeerRoom(openChannel, limits.signalingRoomMembers)),
      (room) => cluster.close(room),
    );
    return { node, rooms, ...dialectClients([open({ ...parts, rooms, cluster })], parts) };
  };
  const nodes = Array.from({ length: count }, (_, index) => start(`node-${index + 1}`));
  return { network, clock, nodes, start };
}
