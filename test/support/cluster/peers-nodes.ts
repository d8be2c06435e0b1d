import type { Limits } from "../../../src/composition/settings/limits.ts";
import { type PeersClient, peersClients } from "../clients/peers-clients.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { BusNetwork } from "./bus-network.ts";

/** Peers' protocol on the nodes of a cluster, and clients of it without a network. */
export async function peersNodes(names: readonly string[], limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const nodes = names.map((name) => {
    const clients = peersClients({ clock, limits, bus: network.join(name) });
    /** Connects a client that answers pings. */
    const connect = async (): Promise<PeersClient> => {
      const client = await clients.connect();
      client.connection.answersPings = true;
      return client;
    };
    /** Connects a client that answers pings, and registers its device. */
    const enter = async (deviceId: string, ...groups: string[]): Promise<PeersClient> => {
      const client = await connect();
      const answer = await client.register(deviceId, ...groups);
      if (!Array.isArray(answer) || answer[0] !== null) throw new Error(`not registered: ${answer}`);
      return client;
    };
    return { ...clients, name, connect, enter };
  });
  await network.settled();
  return { clock, network, nodes };
}
