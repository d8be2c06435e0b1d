import { defaultsOf } from "../../../src/config/limit.ts";
import { TurnCounts } from "../../../src/ops/metrics/turn-metrics.ts";
import { Credentials, type TurnCredential } from "../../../src/turn/credentials/credentials.ts";
import { Nonces } from "../../../src/turn/credentials/nonces.ts";
import { type TurnLimits, turnLimits } from "../../../src/turn/limits.ts";
import { PeerPolicy, type PeerRules } from "../../../src/turn/policy/peer-policy.ts";
import { TurnServer } from "../../../src/turn/turn-server.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { recordedLog } from "../fakes/recorded-log.ts";
import { FakeRelayNetwork, type FakeRelaySocket, relayedAddresses } from "./fake-relay-network.ts";
import { FakeServerSocket } from "./fake-server-socket.ts";
import { FakeTurnClient } from "./fake-turn-client.ts";

export interface TestTurnOptions {
  readonly limits?: Partial<TurnLimits>;
  readonly rules?: Partial<PeerRules>;
  readonly secrets?: readonly string[];
  readonly realm?: string;
  readonly strictChannels?: boolean;
}

export interface TestClientOptions {
  readonly address?: string;
  readonly port?: number;
  readonly user?: string;
  readonly socket?: FakeServerSocket;
  readonly credential?: TurnCredential;
}

export const hourMs = 3_600_000;
export const turnSecret = "a secret of at least thirty-two bytes";
export const clientAddress = "198.51.100.7";

/** A TURN server with a fake clock and fake sockets. */
export class TestTurn {
  readonly clock = new FakeClock();
  readonly network = new FakeRelayNetwork();
  readonly counts = new TurnCounts();
  readonly bounds: string[] = [];
  /** The socket of the server for UDP clients. */
  readonly udp = new FakeServerSocket();
  readonly limits: { -readonly [Name in keyof TurnLimits]: number };
  readonly policy: PeerPolicy;
  readonly server: TurnServer;
  readonly events: Record<string, unknown>[];
  readonly #rules: PeerRules;
  readonly #credentials: Credentials;
  #ports = 40_000;

  constructor({ limits, rules, secrets = [turnSecret], realm = "yurt", strictChannels = false }: TestTurnOptions = {}) {
    const { clock, network, counts } = this;
    const { log, events } = recordedLog();
    this.limits = { ...defaultsOf(turnLimits), ...limits };
    this.#rules = { allow: [], deny: [], relayed: Object.values(relayedAddresses), interfaces: ["10.0.0.5"], ...rules };
    this.policy = new PeerPolicy(this.#rules);
    this.#credentials = new Credentials({ secrets, realm, maxTtlMs: 12 * hourMs, clock });
    this.events = events;
    this.server = new TurnServer({
      network,
      credentials: this.#credentials,
      nonces: new Nonces({ clock }),
      policy: this.policy,
      limits: this.limits,
      strictChannels,
      counts,
      bounds: { met: (bound) => void this.bounds.push(bound) },
      clock,
      log,
    });
  }

  /** A client with a valid credential, by default at a port of its own. */
  client({ address = clientAddress, port, user = "alice", socket = this.udp, credential }: TestClientOptions = {}) {
    this.#ports += 1;
    return new FakeTurnClient({
      server: this.server,
      socket,
      address,
      port: port ?? this.#ports,
      credential: credential ?? this.credential(user),
    });
  }

  credential(user: string, ttlMs = hourMs): TurnCredential {
    return this.#credentials.mint(user, ttlMs);
  }

  /** A client with an allocation, and its relayed transport address. */
  async allocated(options: TestClientOptions = {}): Promise<{ client: FakeTurnClient; relay: FakeRelaySocket }> {
    const client = this.client(options);
    await client.allocate();
    const relay = this.network.sockets.at(-1);
    if (relay === undefined) throw new Error("The server has opened no socket");
    return { client, relay };
  }

  changeRules(rules: Partial<PeerRules>): void {
    this.policy.replace({ ...this.#rules, ...rules });
  }
}
