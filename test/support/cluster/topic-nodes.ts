import { Rosters } from "../../../src/signaling/cluster/rosters.ts";
import { yWebrtc } from "../../../src/signaling/y-webrtc/dialect.ts";
import { subscriberInfo } from "../../../src/signaling/y-webrtc/subscriber-info.ts";
import { Topic } from "../../../src/signaling/y-webrtc/topic.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type DialectOptions, dialectClients, dialectParts } from "../servers/dialect-clients.ts";
import { BusNetwork } from "./bus-network.ts";

/** Nodes with y-webrtc's dialect on one bus, and clients of each of them. */
export function topicNodes(count: number, options: Pick<DialectOptions, "limits"> = {}) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const start = (node = `node-${count}`) => {
    const bus = network.join(node);
    const parts = dialectParts({ ...options, clock });
    const { limits, openChannel } = parts;
    const { signalingRoomMembers: memberLimit, peerIdsPerSubscriber } = limits;
    const rosters = new Rosters({
      node,
      codec: subscriberInfo,
      openPort: (listener) => bus.open("y-webrtc", listener),
    });
    const rooms = parts.registry(
      (name) => rosters.share(name, new Topic({ openChannel, memberLimit, peerIdsPerSubscriber, clock })),
      (topic) => topic.close(),
    );
    return { node, rooms, ...dialectClients([yWebrtc({ ...parts, rooms })], parts) };
  };
  const nodes = Array.from({ length: count }, (_, index) => start(`node-${index + 1}`));
  return { network, clock, nodes, start };
}
