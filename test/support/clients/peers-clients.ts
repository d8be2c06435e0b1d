import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import type { Bus } from "../../../src/cluster/bus.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { MailBudget } from "../../../src/signaling/mail-budget.ts";
import { Devices } from "../../../src/signaling/peers/devices.ts";
import { peers } from "../../../src/signaling/peers/protocol.ts";
import { Quotas } from "../../../src/signaling/quotas.ts";
import type { Handshake, ProtocolSession } from "../../../src/transport/protocol.ts";
import type { IceServers } from "../../../src/turn/ice/ice-servers.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { recordedLog } from "../fakes/recorded-log.ts";

export interface PeersClientsOptions {
  readonly authorizer?: Authorizer;
  readonly limits?: Partial<Limits>;
  readonly clock?: FakeClock;
  /** The bus to other nodes, if the server is one of several. */
  readonly bus?: Bus;
}

export interface PeersClient {
  readonly connection: FakeConnection;
  readonly session: ProtocolSession;
  emit(event: string, ...args: unknown[]): Promise<void>;
  /** Emits an event and resolves with its acknowledgement; undefined if there is none. */
  ask(event: string, ...args: unknown[]): Promise<unknown>;
  register(deviceId: string, ...groups: string[]): Promise<unknown>;
  /** The events received since the last call. */
  received(): unknown[];
  leave(): void;
}

/** An ICE server whose username names the client. */
export const iceServers: IceServers = {
  listFor: ({ user, remoteAddress }) => ({
    iceServers: [{ urls: "turn:example.com", username: `${user} at ${remoteAddress}`, credential: "c" }],
    ttl: 60,
  }),
};

/** Peers' protocol, and clients of it without a network. */
export function peersClients(options: PeersClientsOptions = {}) {
  const { authorizer = openAuthorizer, bus, clock = new FakeClock() } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const metrics = createMetrics();
  const budget = new MailBudget({ limitBytes: limits.mailboxesBytes, addresses: new CountedAddresses() });
  const cluster = bus && { bus, room: "peers" };
  const devices = new Devices({ mailBudget: budget, clock, cluster, limits, metrics });
  const quotas = new Quotas({ addresses: new CountedAddresses(), limits, clock, log: recordedLog().log, metrics });
  const protocol = peers({ devices, iceServers, authorizer, quotas, limits, clock, metrics });
  let connections = 0;
  const open = async (shown: Partial<Handshake> = {}): Promise<PeersClient> => {
    connections += 1;
    const connection = new FakeConnection(String(connections));
    const gone = new AbortController();
    const url = new URL("ws://localhost/socket.io/?EIO=4&transport=websocket");
    const session = await protocol.open(connection, { url, ...shown, signal: gone.signal });
    const receive = async (frame: string) => session.receive(frame);
    const takePackets = (type: string) => {
      const packets = connection.take().map(String);
      connection.sent.push(...packets.filter((packet) => !packet.startsWith(type)));
      return packets.filter((packet) => packet.startsWith(type));
    };
    const ask = async (event: string, ...args: unknown[]) => {
      await receive(`27${JSON.stringify([event, ...args])}`);
      const [answer] = takePackets("37");
      return answer === undefined ? undefined : JSON.parse(answer.slice(2));
    };
    return {
      connection,
      session,
      emit: (event, ...args) => receive(`2${JSON.stringify([event, ...args])}`),
      ask,
      register: (deviceId, ...groups) => ask("register-device", { deviceId, user: "u", groups }),
      received: () => takePackets("2").map((packet) => JSON.parse(packet.slice(1))),
      leave() {
        connection.disconnect();
        gone.abort();
        session.closed();
      },
    };
  };
  const connect = async (shown: Partial<Handshake> = {}): Promise<PeersClient> => {
    const client = await open(shown);
    await client.session.receive("0");
    client.connection.take();
    return client;
  };
  const enter = async (deviceId: string, ...groups: string[]): Promise<PeersClient> => {
    const client = await connect();
    const [problem] = Object(await client.register(deviceId, ...groups));
    if (problem !== null) throw new Error(`not registered: ${problem}`);
    return client;
  };
  /** The number of ignored messages. */
  const ignored = async () => (await metrics.ignoredMessages.get()).values[0]?.value ?? 0;
  const bounds = async () => (await metrics.bounds.get()).values.map(({ labels }) => labels.bound);
  return { open, connect, enter, bounds, clock, budget, devices, protocol, ignored };
}
