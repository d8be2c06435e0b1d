import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { type PeerWire, peerWires } from "../../support/cluster/peer-wires.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import type { TestServer } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("on three nodes", () => {
  let postgres: PostgresServer;
  let cluster: TestCluster<3>;
  const clients: ScriptSocket[] = [];

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    cluster = await TestCluster.start(3, postgres, { limits: { livenessProbeMs: 300 } });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  const connect = async (node: TestServer): Promise<ScriptSocket> => {
    const client = await ScriptSocket.connect(`${node.wsUrl}/signal`);
    clients.push(client);
    return client;
  };

  describe.each(peerWires)("$name", (wire: PeerWire) => {
    const enter = async (node: TestServer, id: string): Promise<ScriptSocket> => {
      const client = await connect(node);
      client.say(wire.join(id));
      return client;
    };

    test("peers meet, and each is told once of those that come and go", async () => {
      const [first, second, third] = cluster.nodes;
      const alice = await enter(first, "a");
      expect(await alice.next()).toEqual(wire.list([], "a"));
      const bob = await enter(second, "b");
      expect([await bob.next(), await alice.next()]).toEqual([wire.list(["a"], "b"), wire.joined("b")]);
      const carol = await enter(third, "c");
      const list = await carol.next();
      expect(wire.read(list).listed?.toSorted()).toEqual(["a", "b"]);
      expect([await alice.next(), await bob.next()]).toEqual([wire.joined("c"), wire.joined("c")]);
      const thief = await enter(third, "a");
      expect(await thief.next()).toEqual(wire.error("Peer id in use"));
      // A message of this size does not fit into a notification of Postgres.
      const [said, received] = (wire.signal ?? wire.broadcast)?.("a", "b", "x".repeat(20_000)) ?? [];
      alice.say(said ?? {});
      expect(await bob.next()).toEqual(received ?? {});
      await bob.close();
      expect(wire.read(await carol.next())).toEqual(wire.signal === undefined ? {} : { left: "b" });
    });
  });

  test("a user of OctateCode creates a room on one node, and others join it with the tokens of another one", async () => {
    const [first, second, third] = cluster.nodes;
    const authenticated = async (node: TestServer, userId: string) => {
      const body = JSON.stringify({ userId, roomId: "room" });
      const minted = await fetch(`${third.url}/api/auth/token`, { method: "POST", body });
      const { token } = (await minted.json()) as { token: string };
      const client = await connect(node);
      client.say({ type: "auth", roomId: "room", userId, data: { token }, timestamp: 1 });
      expect(await client.next()).toMatchObject({ type: "auth", data: { status: "authenticated" } });
      return client;
    };
    const host = await authenticated(first, "host");
    host.say({ type: "create-room", data: { roomName: "The room", content: "x".repeat(20_000) } });
    expect(await host.next()).toMatchObject({ type: "room-created" });
    const guest = await authenticated(second, "guest");
    guest.say({ type: "join-room", data: {} });
    expect(await guest.next()).toMatchObject({
      type: "room-joined",
      data: { room: { hostId: "host", peerCount: 2, content: "x".repeat(20_000) } },
    });
    expect(await host.next()).toMatchObject({ type: "peer-joined", userId: "guest" });
    guest.say({ type: "sdp-offer", targetUserId: "host", data: { type: "offer", sdp: "v=0" } });
    expect(await host.next()).toMatchObject({ type: "sdp-offer", userId: "guest" });
    await guest.close();
    expect(await host.next()).toMatchObject({ type: "peer-left", userId: "guest" });
  });

  test("a message to a topic of y-webrtc reaches the subscribers on all nodes", async () => {
    const subscribers = await Promise.all(cluster.nodes.map(connect));
    for (const subscriber of subscribers) subscriber.say({ type: "subscribe", topics: ["topic"] });
    const [alice, ...others] = subscribers;
    const publish = { type: "publish", topic: "topic", data: { type: "greeting" } };
    // The protocol does not tell when a topic is joined.
    await eventually("the others receive it", () => {
      alice?.say(publish);
      return others.every(({ unread }) => unread.length > 0);
    });
    for (const other of others) expect(await other.next()).toMatchObject(publish);
  });
});
