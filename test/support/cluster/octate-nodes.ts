import { octateCode } from "../../../src/signaling/octatecode/dialect.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import { SignedRoomTokens } from "../../../src/signaling/octatecode/signed-room-tokens.ts";
import { administration } from "../clients/http-callers.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type DialectClient, type DialectOptions, dialectClients, dialectParts } from "../servers/dialect-clients.ts";
import { BusNetwork } from "./bus-network.ts";

/** Nodes with OctateCode's first dialect on one bus, and clients of each of them. */
export function octateNodes(count: number, options: Pick<DialectOptions, "limits"> = {}) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const tokens = new SignedRoomTokens(clock, 3_600_000);
  const start = (node: string) => {
    const parts = { ...dialectParts({ ...options, clock }), administration };
    const rooms = new OctateRooms({ ...parts, bus: network.join(node) });
    const usage = () => ({ uptimeMs: 1, memory: {}, cpu: {} });
    const dialect = octateCode({ ...parts, rooms, tokens, usage });
    const clients = dialectClients([dialect], parts);
    /** Connects and authenticates, with a token of its own or a given one. */
    const enter = async (userId: string, roomId = "room", token?: string): Promise<DialectClient> => {
      const client = clients.connect(`${userId} on ${node}`);
      client.connection.answersPings = true;
      const shown = token ?? (await tokens.mint({ user: userId, room: roomId }));
      await client.say({ type: "auth", roomId, userId, data: { token: shown }, timestamp: 1 });
      client.received();
      return client;
    };
    const request = (path: string, init: RequestInit = {}) =>
      Promise.resolve(dialect.routes?.request(path, init, { remoteAddress: "127.0.0.1" }));
    return { node, rooms, enter, request, ...clients };
  };
  const nodes = Array.from({ length: count }, (_, index) => start(`node-${index + 1}`));
  return { network, clock, tokens, nodes, start };
}
