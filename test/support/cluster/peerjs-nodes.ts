import type { Limits } from "../../../src/composition/settings/limits.ts";
import { type PeerJsClient, peerJsClients } from "../clients/peerjs-clients.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { BusNetwork } from "./bus-network.ts";

/** PeerJS' protocol on the nodes of a cluster, and clients of it without a network. */
export async function peerJsNodes(names: readonly string[], limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const nodes = names.map((name) => {
    const clients = peerJsClients({ clock, limits, bus: network.join(name) });
    /** Connects a client that answers pings, and takes its OPEN. */
    const enter = async (id: string, token?: string): Promise<PeerJsClient> => {
      const client = await clients.connect(id, token);
      client.connection.answersPings = true;
      const [first, ...others] = client.received();
      client.connection.sent.push(...others.map((message) => JSON.stringify(message)));
      if (Object(first).type !== "OPEN") throw new Error(`no OPEN, but ${JSON.stringify(first)}`);
      return client;
    };
    return { ...clients, name, enter };
  });
  await network.settled();
  return { clock, network, nodes };
}

export type PeerJsNode = Awaited<ReturnType<typeof peerJsNodes>>["nodes"][number];
