import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { formatIpAddress } from "../../../src/lib/address/ip-address.ts";
import { TurnError } from "../../../src/turn/client/turn-failure.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer, temporaryFolder, testTurn } from "../../support/servers/start-test-server.ts";
import { exchange, iceServersAt, loopbackIp, openTurnClient } from "../../support/turn/turn-through.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

setDefaultTimeout(20_000);

let closing: AsyncDisposableStack;
beforeEach(() => {
  closing = new AsyncDisposableStack();
});
afterEach(() => closing.disposeAsync());

const start = async (options: Parameters<typeof startTestServer>[0] = {}) =>
  closing.use(await startTestServer({ turn: {}, ...options }));

/** The code of the error with which the server refuses. */
const codeOf = (request: Promise<unknown>) =>
  request.then(
    () => "done",
    (error) => (error instanceof TurnError ? error.code : String(error)),
  );

describe("a server with TURN", () => {
  test.each([["udp" as const], ["tcp" as const]])("relays between two clients over %s", async (transport) => {
    const server = await start();
    using first = await openTurnClient(await iceServersAt(server.url), transport);
    using second = await openTurnClient(await iceServersAt(server.url), transport);
    expect(await exchange(first, second)).toEqual(["there", "and back"]);
  });

  test("lists one URL for STUN, and one of TURN for each transport, where it listens", async () => {
    const server = await start();
    const { iceServers, ttl } = await iceServersAt(server.url);
    const { port } = server.turn.listening ?? { port: 0 };
    expect(port).toBeGreaterThan(0);
    expect(iceServers.map(({ urls }) => urls)).toEqual([
      [`stun:127.0.0.1:${port}`],
      [`turn:127.0.0.1:${port}?transport=udp`, `turn:127.0.0.1:${port}?transport=tcp`],
    ]);
    expect(ttl).toBe(3_600);
    using client = await openTurnClient(await iceServersAt(server.url), "udp");
    expect((await client.turn.binding()).ip).toEqual(loopbackIp);
  });

  test("relays to peers on loopback, if only this machine reaches the server", async () => {
    const server = await start();
    using client = await openTurnClient(await iceServersAt(server.url), "udp");
    using peer = await UdpPeer.open();
    const { relayed } = await client.turn.allocate();
    await client.turn.createPermission(loopbackIp);
    client.turn.send(loopbackIp, peer.port, new TextEncoder().encode("hello"));
    const { bytes, port, address } = await peer.next();
    expect([bytes.toString(), address, port]).toEqual(["hello", "127.0.0.1", relayed.port]);
    peer.send(new TextEncoder().encode("hello yourself"), port, address);
    expect(await client.next()).toBe("hello yourself");
  });

  test("refuses them otherwise, and other private peers in any case", async () => {
    const server = await start({ turn: { listen: ["0.0.0.0"] }, publicUrl: "http://127.0.0.1" });
    using client = await openTurnClient(await iceServersAt(server.url), "udp");
    await client.turn.allocate();
    expect(await codeOf(client.turn.createPermission(loopbackIp))).toBe(403);
  });

  test.each([{ host: "0.0.0.0" }, { publicUrl: "https://turn.test" }])(
    "refuses them on loopback alone, too, if clients from elsewhere reach the server: %j",
    async (options) => {
      const server = await start({ auth: { mode: "token", secrets: [secret] }, ...options });
      const list = await iceServersAt(server.url, await tokenFor({ room: "write" }));
      using client = await openTurnClient(list, "udp");
      await client.turn.allocate();
      const otherLoopbackIp = { ...loopbackIp, word3: loopbackIp.word3 + 1 };
      expect(await codeOf(client.turn.createPermission(otherLoopbackIp))).toBe(403);
    },
  );

  test("shows in the readiness that it listens, and in the metrics what it does", async () => {
    const server = await start();
    using client = await openTurnClient(await iceServersAt(server.url), "tcp");
    await client.turn.allocate();
    const readiness = await (await fetch(`${server.url}/readyz?verbose`)).json();
    expect(readiness).toMatchObject({ turn: "listening" });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('yurt_turn_allocations{transport="tcp"} 1');
    expect(metrics).toContain('yurt_turn_connections{transport="tcp"} 1');
    expect(metrics).toContain('yurt_turn_errors_total{code="401"} 1');
  });

  test("ends a TCP client's allocation with its connection", async () => {
    const server = await start();
    using client = await openTurnClient(await iceServersAt(server.url), "tcp");
    await client.turn.allocate();
    client.turn.close();
    await eventually("the allocation has ended", async () =>
      (await (await fetch(`${server.url}/metrics`)).text()).includes('yurt_turn_allocations{transport="tcp"} 0'),
    );
  });

  test("frees its ports when it stops", async () => {
    const server = await start();
    const { port } = server.turn.listening ?? { port: 0 };
    using client = await openTurnClient(await iceServersAt(server.url), "udp");
    const { relayed } = await client.turn.allocate();
    await server.stop();
    for (const used of [port, relayed.port]) {
      const socket = await Bun.udpSocket({ hostname: "127.0.0.1", port: used });
      socket.close();
    }
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => {} } }).stop(true);
  });

  test("ends what a user has whose permissions are revoked, and refuses the user's credentials", async () => {
    const server = await start({ auth: { mode: "token", secrets: [secret] } });
    const tokenOf = (user: string) => tokenFor({ room: "write" }, { sub: user, iat: Date.now() / 1_000 - 10 });
    const [ann, bob] = [await tokenOf("ann"), await tokenOf("bob")];
    const annsServers = await iceServersAt(server.url, ann);
    using annsClient = await openTurnClient(annsServers, "udp");
    using bobsClient = await openTurnClient(await iceServersAt(server.url, bob), "udp");
    await annsClient.turn.allocate();
    await bobsClient.turn.allocate();
    await revoke(server.url, { user: "ann" });
    expect(await codeOf(annsClient.turn.refresh())).not.toBe("done");
    using again = await openTurnClient(annsServers, "udp");
    expect(await codeOf(again.turn.allocate())).toBe(401);
    expect(await codeOf(bobsClient.turn.refresh())).toBe("done");
    expect((await fetch(`${server.url}/ice?room=room&token=${ann}`)).status).toBe(401);
  });

  test("takes over other secrets and ports when it reloads its settings", async () => {
    const [former, next] = ["f".repeat(32), "n".repeat(32)];
    const server = await start({ turn: { secrets: [former], listen: ["127.0.0.1"] } });
    const formerList = await iceServersAt(server.url);
    using open = await openTurnClient(formerList, "udp");
    await open.turn.allocate();
    await server.reload({ turn: { ...testTurn, secrets: [next, former] } });
    using again = await openTurnClient(formerList, "udp");
    expect(await codeOf(again.turn.allocate())).toBe("done");
    const nextList = await iceServersAt(server.url);
    await server.reload({ turn: { ...testTurn, secrets: [next], relayPorts: { first: 40_000, last: 40_099 } } });
    using refused = await openTurnClient(formerList, "udp");
    expect(await codeOf(refused.turn.allocate())).toBe(401);
    using accepted = await openTurnClient(nextList, "udp");
    const { relayed } = await accepted.turn.allocate();
    expect(relayed.port).toBeWithin(40_000, 40_100);
  });

  test("keeps to the latest settings if the STUN server of former ones answers after a reload", async () => {
    const server = await start({ turn: { listen: ["0.0.0.0"] }, publicUrl: "https://turn.test" });
    using stunServer = await UdpPeer.open();
    const settings = { ...testTurn, listen: ["0.0.0.0"] };
    const slow = server.reload({ turn: { ...settings, stunServer: { host: "127.0.0.1", port: stunServer.port } } });
    const { bytes, address, port } = await stunServer.next();
    await server.reload({ turn: { ...settings, externalAddresses: ["203.0.113.9"], denyPeers: ["8.8.8.8"] } });
    const { transactionId } = decodeStun(bytes) ?? { transactionId: new Uint8Array(12) };
    const answer = new StunWriter().begin(methods.binding, "success", transactionId);
    stunServer.send(answer.address(attributes.xorMappedAddress, loopbackIp, 40_000).finish(), port, address);
    await slow;
    using client = await openTurnClient(await iceServersAt(server.url), "udp");
    const { relayed } = await client.turn.allocate();
    expect(formatIpAddress(relayed.ip)).toBe("203.0.113.9");
    const denied = { ...loopbackIp, word3: 0x08_08_08_08 };
    expect(await codeOf(client.turn.createPermission(denied))).toBe(403);
  });

  test("remembers over a restart whose credentials are refused", async () => {
    const dataFolder = await temporaryFolder();
    closing.defer(() => rm(dataFolder, { recursive: true, force: true }));
    const auth = { mode: "token", secrets: [secret] } as const;
    const token = await tokenFor({ room: "write" }, { sub: "ann", iat: Date.now() / 1_000 - 10 });
    const first = await start({ auth, dataFolder });
    const list = await iceServersAt(first.url, token);
    await revoke(first.url, { user: "ann" });
    const { port = 0 } = first.turn.listening ?? {};
    await first.stop();
    await start({ auth, dataFolder, turn: { port } });
    using client = await openTurnClient(list, "udp");
    expect(await codeOf(client.turn.allocate())).toBe(401);
  });
});
