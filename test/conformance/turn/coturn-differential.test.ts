import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { defaultsOf } from "../../../src/config/limit.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { TurnCounts } from "../../../src/ops/metrics/turn-metrics.ts";
import { Credentials, mintCredential } from "../../../src/turn/credentials/credentials.ts";
import { Nonces } from "../../../src/turn/credentials/nonces.ts";
import { turnLimits } from "../../../src/turn/limits.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { SocketOptions } from "../../../src/turn/network/socket-options.ts";
import { UdpListener } from "../../../src/turn/network/udp-listener.ts";
import { UdpRelayNetwork } from "../../../src/turn/network/udp-relay-network.ts";
import { PeerPolicy } from "../../../src/turn/policy/peer-policy.ts";
import { TurnServer } from "../../../src/turn/turn-server.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { Coturn } from "../../support/programs/coturn.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";
import {
  channelTo,
  outcomeOf,
  peerAddress,
  type RequestChanges,
  RequestWriter,
  udpTransport,
  type WriteAttributes,
} from "../../support/turn/request-writer.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

setDefaultTimeout(30_000);

const secret = "the secret of both servers";
const host = "127.0.0.1";
const answerMs = 1_000;
const credential = (user = "ann", ttlMs = 600_000) => mintCredential({ secret, user, expiresAt: Date.now() + ttlMs });

type Outcome = ReturnType<typeof outcomeOf>;

/** A client at a UDP port of its own. */
class Probe implements Disposable {
  readonly requests = new RequestWriter(credential());
  readonly #peer: UdpPeer;
  readonly #port: number;

  private constructor(peer: UdpPeer, port: number) {
    this.#peer = peer;
    this.#port = port;
  }

  static async open(port: number): Promise<Probe> {
    const probe = new Probe(await UdpPeer.open(host), port);
    await probe.ask(probe.requests.unsigned(methods.allocate, udpTransport));
    return probe;
  }

  async ask(bytes: Uint8Array): Promise<StunMessage | undefined> {
    this.#peer.send(bytes, this.#port, host);
    const received = await Promise.race([this.#peer.next(), Bun.sleep(answerMs).then(() => undefined)]);
    const answer = received && decodeStun(received.bytes);
    this.requests.learn(answer);
    return answer;
  }

  async request(method: number, write?: WriteAttributes, changes?: RequestChanges): Promise<Outcome> {
    return outcomeOf(await this.ask(this.requests.signed(method, write, changes)));
  }

  allocate(...write: readonly WriteAttributes[]): Promise<Outcome> {
    return this.request(methods.allocate, all(udpTransport, ...write));
  }

  [Symbol.dispose](): void {
    this.#peer[Symbol.dispose]();
  }
}

const peer = "8.8.8.8";
const unknownMethod = 0x00b;

const all =
  (...writes: readonly WriteAttributes[]): WriteAttributes =>
  (writer) => {
    for (const write of writes) write(writer);
  };
const bytes = (type: number, ...value: readonly number[]): WriteAttributes => {
  return (writer) => writer.bytes(type, Uint8Array.of(...value));
};
const family = (code: number): WriteAttributes => {
  return (writer) => writer.uint8(attributes.requestedAddressFamily, code);
};
const lifetime = (seconds: number): WriteAttributes => {
  return (writer) => writer.uint32(attributes.lifetime, seconds);
};

interface Case {
  readonly name: string;
  /** Sends requests until the last one, whose outcome counts. */
  readonly run: (probe: Probe) => Promise<Outcome>;
  readonly outcome: Outcome;
  /** The outcome of coturn where it is another one, and the reason for ours. */
  readonly coturn?: Outcome;
  readonly reason?: string;
}

type Difference = Required<Pick<Case, "coturn" | "reason">>;

const safe = "peers that are no hosts of the internet are refused unless they are allowed";

/** A case whose requests follow an Allocate request. */
const allocated = (name: string, outcome: Outcome, run: Case["run"], difference?: Difference): Case => ({
  ...{ name, outcome, ...difference },
  run: async (probe) => {
    expect(await probe.allocate()).toBe("success");
    return run(probe);
  },
});

const bind = (number: number, address = peer, port?: number) => {
  return (probe: Probe) => probe.request(methods.channelBind, channelTo(number, address, port));
};
const permit = (...addresses: readonly string[]) => {
  const peers = all(...addresses.map((address) => peerAddress(address)));
  return (probe: Probe) => probe.request(methods.createPermission, peers);
};
const changed = (changes: RequestChanges) => (probe: Probe) => probe.request(methods.allocate, udpTransport, changes);
/** Several requests, of which the last one counts. */
const inTurn =
  (...steps: readonly Case["run"][]): Case["run"] =>
  async (probe) => {
    let outcome: Outcome;
    for (const step of steps) outcome = await step(probe);
    return outcome;
  };

const cases: readonly Case[] = [
  { name: "Binding", outcome: "success", run: async (probe) => outcomeOf(await probe.ask(probe.requests.unsigned(1))) },
  {
    name: "Binding with an unknown attribute",
    outcome: 420,
    run: async (probe) => outcomeOf(await probe.ask(probe.requests.unsigned(1, bytes(0x7777, 1, 2, 3, 4)))),
  },
  {
    name: "Allocate without a signature",
    outcome: 401,
    run: async (probe) => outcomeOf(await probe.ask(probe.requests.unsigned(methods.allocate, udpTransport))),
  },
  { name: "Allocate", outcome: "success", run: (probe) => probe.allocate() },
  { name: "a wrong password", outcome: 401, run: changed({ password: "wrong" }) },
  { name: "a username without expiry", outcome: 401, run: changed({ username: "ann" }) },
  { name: "an expired credential", outcome: 401, run: changed(expired()) },
  { name: "no USERNAME", outcome: 400, run: changed({ without: [attributes.username] }) },
  { name: "no REALM", outcome: 400, run: changed({ without: [attributes.realm] }) },
  { name: "no NONCE", outcome: 400, run: changed({ without: [attributes.nonce] }) },
  { name: "a forged nonce", outcome: 438, run: changed({ nonce: "0".repeat(32) }) },
  {
    ...{ name: "a wrong realm", outcome: 401, run: changed({ realm: "elsewhere" }) },
    ...{ coturn: 437, reason: "RFC 8489 §9.2.4: the credential is not valid" },
  },
  { name: "an unknown attribute", outcome: 420, run: (probe) => probe.allocate(bytes(0x7777, 1, 2, 3, 4)) },
  { name: "no REQUESTED-TRANSPORT", outcome: 400, run: (probe) => probe.request(methods.allocate) },
  {
    name: "an unknown transport",
    outcome: 442,
    run: (probe) => probe.request(methods.allocate, (writer) => writer.uint8(attributes.requestedTransport, 99)),
    ...{ coturn: 400, reason: "RFC 8656 §7.2 step 3" },
  },
  { name: "an unknown address family", outcome: 440, run: (probe) => probe.allocate(family(7)) },
  { name: "an even port", outcome: "success", run: (probe) => probe.allocate(bytes(attributes.evenPort, 0)) },
  {
    ...{ name: "an unknown reservation", outcome: 420 },
    run: (probe) => probe.allocate(bytes(attributes.reservationToken, 1, 2, 3, 4, 5, 6, 7, 8)),
    ...{ coturn: 404, reason: "no reservations are made: the attribute is unknown" },
  },
  {
    ...{ name: "DONT-FRAGMENT", outcome: 420, run: (probe) => probe.allocate(bytes(attributes.dontFragment)) },
    ...{ coturn: "success", reason: "the runtime has no such option of sockets: the attribute is unknown" },
  },
  allocated("a second Allocate", 437, (probe) => probe.allocate()),
  allocated("Refresh", "success", (probe) => probe.request(methods.refresh)),
  allocated("Refresh for 0 s", "success", (probe) => probe.request(methods.refresh, lifetime(0))),
  allocated(
    "Refresh after the end",
    437,
    inTurn(
      (probe) => probe.request(methods.refresh, lifetime(0)),
      (probe) => probe.request(methods.refresh),
    ),
    { coturn: "success", reason: "the allocation has ended at once, and its port is free" },
  ),
  allocated("Refresh for another address family", 443, (probe) => probe.request(methods.refresh, family(2))),
  allocated("Refresh by another user", 441, (probe) => {
    probe.requests.credential = credential("ben");
    return probe.request(methods.refresh);
  }),
  { name: "Refresh without an allocation", outcome: 437, run: (probe) => probe.request(methods.refresh) },
  {
    ...{ name: "CreatePermission without an allocation", outcome: 437, run: permit(peer) },
    ...{ coturn: 400, reason: "RFC 8656 §5" },
  },
  {
    ...{ name: "ChannelBind without an allocation", outcome: 437, run: bind(0x4000) },
    ...{ coturn: 400, reason: "RFC 8656 §5" },
  },
  { name: "an unknown method", outcome: 400, run: (probe) => probe.request(unknownMethod) },
  allocated("CreatePermission", "success", permit(peer)),
  allocated("CreatePermission for two peers", "success", permit(peer, "8.8.4.4")),
  allocated("CreatePermission without a peer", 400, permit()),
  allocated("CreatePermission for another address family", 443, permit("2606:4700::1")),
  allocated("CreatePermission for a private peer", 403, permit("10.1.1.1"), { coturn: "success", reason: safe }),
  allocated("CreatePermission for a multicast address", 403, permit("224.0.0.1"), { coturn: "success", reason: safe }),
  allocated("ChannelBind", "success", bind(0x4000)),
  allocated("ChannelBind to a number below the range", 400, bind(0x3fff)),
  allocated("ChannelBind to a number above the range", 400, bind(0x8000)),
  allocated("ChannelBind to a number of RFC 5766", "success", bind(0x5000)),
  allocated("ChannelBind to the number of another peer", 400, inTurn(bind(0x4000), bind(0x4000, "8.8.4.4"))),
  allocated("ChannelBind of a peer with another number", 400, inTurn(bind(0x4000), bind(0x4001))),
  allocated("ChannelBind once more", "success", inTurn(bind(0x4000), bind(0x4000))),
  allocated("ChannelBind to another address family", 443, bind(0x4000, "2606:4700::1")),
  allocated("ChannelBind to a private peer", 403, bind(0x4000, "10.1.1.1"), { coturn: "success", reason: safe }),
  allocated("ChannelBind without a number", 400, (probe) => probe.request(methods.channelBind, peerAddress(peer))),
  allocated("ChannelBind without a peer", 400, (probe) =>
    probe.request(methods.channelBind, (writer) => writer.uint16(attributes.channelNumber, 0x4000)),
  ),
];

function expired(): RequestChanges {
  const { username, credential: password } = credential("ann", -60_000);
  return { username, password };
}

/** Our server on a free port of loopback. */
async function openServer(): Promise<AsyncDisposable & { readonly port: number }> {
  await using opening = new AsyncDisposableStack();
  const counts = new TurnCounts();
  const socketOptions = opening.use(new SocketOptions());
  const addresses = [{ family: 4, bound: host, advertised: host }] as const;
  const network = new UdpRelayNetwork({ addresses, ports: { first: 30_000, last: 39_999 }, socketOptions, counts });
  opening.defer(() => network.close());
  const server = new TurnServer({
    network,
    credentials: new Credentials({ secrets: [secret], realm: "yurt", maxTtlMs: 3_600_000, clock: systemClock }),
    nonces: new Nonces({ clock: systemClock }),
    policy: new PeerPolicy({ allow: [], deny: [], relayed: [host], interfaces: [host] }),
    limits: defaultsOf(turnLimits),
    strictChannels: false,
    counts,
    bounds: { met: () => {} },
    clock: systemClock,
    log: recordedLog().log,
  });
  opening.defer(() => server.close());
  const receive: TurnServer["receive"] = (socket, message, address, port) => {
    server.receive(socket, message, address, port);
  };
  const listener = await UdpListener.open({ address: host, port: 0, socketOptions, counts, receive });
  opening.defer(() => listener.stop());
  const opened = opening.move();
  return { port: listener.port, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

describe.skipIf(isMissing("turnserver"))("our server answers as coturn", () => {
  let folder: string;
  let coturn: Coturn;
  let server: Awaited<ReturnType<typeof openServer>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const certificate = await (await TestAuthority.create()).issue(["turn.example.org"]);
    coturn = await Coturn.start({ folder, realm: "coturn", secret, certificate });
    server = await openServer();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await coturn[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(cases)("$name", async ({ run, outcome, coturn: other = outcome }) => {
    using ours = await Probe.open(server.port);
    using theirs = await Probe.open(coturn.port);
    const [our, their] = await Promise.all([run(ours), run(theirs)]);
    expect({ yurt: our, coturn: their }).toEqual({ yurt: outcome, coturn: other });
  });
});
