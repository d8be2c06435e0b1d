import { describe, expect, test } from "bun:test";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { asAdministrator } from "../../support/clients/http-callers.ts";
import { octateNodes } from "../../support/cluster/octate-nodes.ts";
import { settled } from "../../support/eventually.ts";
import type { DialectClient } from "../../support/servers/dialect-clients.ts";
import { tuple } from "../../support/tuple.ts";

const create = { type: "create-room", data: { roomName: "The room", userName: "Hanna", content: "text", version: 3 } };
const join = { type: "join-room", data: { userName: "Gustav" } };
const timestamp = expect.any(Number);
const joined = (userId: string, userName = "Gustav") => ({
  type: "peer-joined",
  roomId: "room",
  userId,
  data: { peer: { userId, userName } },
  timestamp,
});
const left = (userId: string) => ({ type: "peer-left", roomId: "room", userId, timestamp });
const errorsOf = (client: DialectClient) =>
  client.received().map((message) => (message as { data?: { error?: string } }).data?.error);

/** Three nodes, with the host of a room on the first one and a guest on each of the others. */
async function setUp(options: Parameters<typeof octateNodes>[1] = {}) {
  const { nodes: list, ...cluster } = octateNodes(3, options);
  const nodes = tuple(3, list);
  const host = await nodes[0].enter("host");
  await host.say(create);
  const guests = [await nodes[1].enter("bob"), await nodes[2].enter("carol")] as const;
  for (const guest of guests) await guest.say(join);
  const clients = [host, ...guests] as const;
  for (const client of clients) client.received();
  return { ...cluster, nodes, clients };
}

async function bodyOf(response: Response | undefined) {
  const body: unknown = await response?.json();
  return [response?.status, body] as const;
}

const usersOf = (room: unknown) =>
  (room as { peers: readonly { userId: string }[] }).peers.map(({ userId }) => userId).toSorted();

describe("a room", () => {
  test("is joined on any node, with its host's description and the members of all nodes", async () => {
    const { nodes, clients } = await setUp();
    const dora = await nodes[1].enter("dora");
    await dora.say(join);
    const [answer] = dora.received() as [{ type: string; data: { room: Record<string, unknown> } }];
    expect(answer).toMatchObject({
      type: "room-joined",
      data: {
        room: { roomName: "The room", hostId: "host", hostName: "Hanna", content: "text", version: 3, peerCount: 4 },
      },
    });
    expect(usersOf(answer.data.room)).toEqual(["bob", "carol", "dora", "host"]);
    expect(clients.map((client) => client.received())).toEqual(clients.map(() => [joined("dora")]));
  });

  test("tells its members once of one that leaves, on all nodes", async () => {
    const { clients, network } = await setUp();
    const [host, bob, carol] = clients;
    await bob.say({ type: "leave-room" });
    await network.settled();
    expect([host.received(), carol.received()]).toEqual([[left("bob")], [left("bob")]]);
  });

  test("passes messages on to all members or to one, each in its spelling", async () => {
    const { clients } = await setUp();
    const [host, bob, carol] = clients;
    await carol.say({ type: "HEARTBEAT" });
    carol.received();
    const offer = { type: "offer", sdp: "v=0" };
    await host.say({ type: "sdp-offer", data: { offer } });
    const envelope = { roomId: "room", userId: "host", timestamp, data: { offer: { ...offer, offer } } };
    expect([bob.received(), carol.received()]).toEqual([
      [{ ...envelope, type: "sdp-offer" }],
      [{ ...envelope, type: "SDP_OFFER" }],
    ]);
    await host.say({ type: "chat", targetUserId: "carol", data: "hello" });
    await host.say({ type: "chat", targetUserId: "nobody", data: "hello" });
    expect([host.received(), bob.received(), carol.received()]).toEqual([
      [],
      [],
      [{ type: "CHAT", roomId: "room", userId: "host", data: "hello", timestamp }],
    ]);
  });

  test("has the messages of a sender in their order", async () => {
    const { clients } = await setUp();
    const [host, bob] = clients;
    const messages = Array.from({ length: 20 }, (_, index) => ({
      type: "chat",
      data: index,
      ...(index % 2 === 0 && { targetUserId: "bob" }),
    }));
    await Promise.all(messages.map((message) => host.say(message)));
    expect(bob.received().map((message) => (message as { data: unknown }).data)).toEqual(
      messages.map(({ data }) => data),
    );
  });

  test("bounds its members on all nodes", async () => {
    const { nodes } = await setUp({ limits: { signalingRoomMembers: 3 } });
    const late = await nodes[2].enter("dora");
    await late.say(join);
    expect(errorsOf(late)).toEqual(["Room not found or join failed"]);
  });

  test("is created by one of several hosts on all nodes at the same moment", async () => {
    const { nodes } = octateNodes(3);
    const hosts = await Promise.all(nodes.map(({ enter, node }) => enter(`host on ${node}`)));
    await Promise.all(hosts.map((host) => host.say(create)));
    const answers = hosts.flatMap((host) => host.received() as { type: string; data: { error?: string } }[]);
    expect(answers.map(({ type }) => type).toSorted()).toEqual(["error", "error", "room-created"]);
    expect(nodes.map(({ rooms }) => rooms.size)).toEqual([1, 1, 1]);
    expect(new Set(nodes.map(({ rooms }) => rooms.find("room")?.facts.hostId)).size).toBe(1);
  });

  test("is refused to another host on another node", async () => {
    const { nodes } = await setUp();
    const thief = await nodes[2].enter("thief");
    await thief.say(create);
    expect(errorsOf(thief)).toEqual(["Failed to create room"]);
  });

  test("outlives the node on which it was created", async () => {
    const { nodes, clients, network, start } = await setUp();
    const [, bob, carol] = clients;
    network.kill("node-1");
    await network.settled();
    expect([bob.received(), carol.received()]).toEqual([[left("host")], [left("host")]]);
    const later = start("later");
    await network.settled();
    const dora = await later.enter("dora");
    await dora.say(join);
    expect(dora.received()).toMatchObject([{ type: "room-joined", data: { room: { hostId: "host", peerCount: 3 } } }]);
    expect(nodes[1].rooms.find("room")?.size).toBe(3);
  });

  test("is found by a node that has missed its creation", async () => {
    const { nodes: list, network } = octateNodes(2);
    const nodes = tuple(2, list);
    const [host, guest] = [await nodes[0].enter("host"), await nodes[1].enter("guest")];
    network.cut("node-2");
    await network.settled();
    await host.say(create);
    network.heal("node-2");
    await guest.say(join);
    expect(guest.received()).toMatchObject([{ type: "room-joined", data: { room: { peerCount: 2 } } }]);
  });

  test("that two hosts created while their nodes were cut off from each other is the older one's", async () => {
    const { nodes: list, network, clock } = octateNodes(2);
    const nodes = tuple(2, list);
    const hosts = [await nodes[0].enter("first"), await nodes[1].enter("second")] as const;
    network.cut("node-2");
    await network.settled();
    await hosts[0].say(create);
    clock.advance(1);
    await hosts[1].say(create);
    network.heal("node-2");
    await network.settled();
    expect(nodes.map(({ rooms }) => rooms.find("room")?.facts.hostId)).toEqual(["first", "first"]);
    expect(nodes.map(({ rooms }) => rooms.find("room")?.size)).toEqual([2, 2]);
  });

  test("that does not exist is not found, after all nodes were asked", async () => {
    const { nodes } = octateNodes(2);
    const guest = await nodes[0]?.enter("guest");
    await guest?.say(join);
    expect(guest && errorsOf(guest)).toEqual(["Room not found or join failed"]);
  });
});

describe("a room without members", () => {
  test("is kept for its time on all nodes, and dropped on all", async () => {
    const { nodes, clients, network, clock } = await setUp({ limits: { emptyRoomMs: 1_000 } });
    for (const client of clients) client.leave();
    await network.settled();
    clock.advance(900);
    await network.settled();
    expect(nodes.map(({ rooms }) => rooms.find("room")?.size)).toEqual([0, 0, 0]);
    clock.advance(100);
    await network.settled();
    expect(nodes.map(({ rooms }) => rooms.size)).toEqual([0, 0, 0]);
  });

  test("stays while a member of any node is in it", async () => {
    const { nodes, clients, network, clock } = await setUp({ limits: { emptyRoomMs: 1_000 } });
    clients[0].leave();
    clients[1].leave();
    await network.settled();
    clock.advance(5_000);
    await network.settled();
    expect(nodes.map(({ rooms }) => rooms.find("room")?.size)).toEqual([1, 1, 1]);
  });

  test("that a node drops while somebody joins it on another one comes back", async () => {
    const { nodes: list, network, clock } = octateNodes(2, { limits: { emptyRoomMs: 1_500 } });
    const nodes = tuple(2, list);
    const [host, guest] = [await nodes[0].enter("host"), await nodes[1].enter("guest")];
    await host.say(create);
    host.leave();
    await network.settled();
    network.hold("node-1");
    const joining = guest.say(join);
    await settled();
    // The claim is not answered.
    clock.advance(1_000);
    await joining;
    clock.advance(500);
    expect(nodes.map(({ rooms }) => rooms.find("room")?.size)).toEqual([undefined, 1]);
    await network.settled();
    network.release("node-1");
    await network.settled();
    expect(nodes.map(({ rooms }) => rooms.find("room")?.size)).toEqual([1, 1]);
  });

  test("counts against the bound on all nodes", async () => {
    const { nodes: list, network } = octateNodes(2, { limits: { emptyRooms: 1 } });
    const [first, second] = tuple(2, list);
    const post = (node: typeof first, roomId: string) =>
      node.request("/api/rooms", { method: "POST", body: JSON.stringify({ roomId }) });
    expect((await post(first, "red"))?.status).toBe(201);
    await network.settled();
    expect((await post(second, "blue"))?.status).toBe(503);
    expect((await post(second, "red"))?.status).toBe(409);
  });
});

describe("a user", () => {
  test("that is in the room on another node and alive keeps its id", async () => {
    const { nodes, clients } = await setUp();
    const thief = await nodes[0].enter("bob");
    await thief.say(join);
    expect(errorsOf(thief)).toEqual(["User ID in use"]);
    expect(clients[1].connection.isOpen).toBe(true);
  });

  test("moves to another node with the same token, at once and without having left", async () => {
    const { nodes, clients, network, tokens } = await setUp();
    const [host, , carol] = clients;
    const token = await tokens.mint({ user: "dora", room: "room" });
    const before = await nodes[1].enter("dora", "room", token);
    await before.say(join);
    for (const client of [host, carol]) client.received();
    const after = await nodes[2].enter("dora", "room", token);
    await after.say(join);
    expect(after.received()).toMatchObject([{ type: "room-joined", data: { room: { peerCount: 4 } } }]);
    expect(before.connection.closeReason).toBe(closeReasons.replaced);
    before.leave();
    await network.settled();
    expect([host.received(), carol.received()]).toEqual([[joined("dora")], [joined("dora")]]);
  });

  test("that answers no ping on another node loses its id", async () => {
    const { nodes, clients, clock, network } = await setUp();
    const [host, bob] = clients;
    bob.connection.answersPings = false;
    const resumed = await nodes[0].enter("bob");
    const joining = resumed.say(join);
    await settled();
    clock.advance(3_000);
    await joining;
    expect(bob.connection.closeReason).toBe(closeReasons.replaced);
    bob.leave();
    await network.settled();
    expect(host.received()).toEqual([joined("bob")]);
  });
});

describe("over HTTP", () => {
  test("every node lists the rooms of all nodes, and their members as they are now", async () => {
    const { nodes, clients, clock } = await setUp();
    clock.advance(60_000);
    await clients[1].say({ type: "heartbeat" });
    for (const { request } of nodes) {
      const [status, body] = await bodyOf(await request("/api/rooms/room", { headers: asAdministrator }));
      const { data } = body as { data: { peers: { userId: string; lastHeartbeat: number }[]; lastActivity: number } };
      expect([status, usersOf(data)]).toEqual([200, ["bob", "carol", "host"]]);
      expect([data.peers.find(({ userId }) => userId === "bob")?.lastHeartbeat, data.lastActivity]).toEqual([
        clock.now(),
        clock.now(),
      ]);
      const [, all] = await bodyOf(await request("/api/rooms", { headers: asAdministrator }));
      expect((all as { data: unknown[] }).data).toHaveLength(1);
      const [, peers] = await bodyOf(await request("/api/rooms/room/peers", { headers: asAdministrator }));
      expect(usersOf({ peers })).toEqual(["bob", "carol", "host"]);
    }
  });

  test("a room that is created by a request is joined on another node", async () => {
    const { nodes: list } = octateNodes(2);
    const [first, second] = tuple(2, list);
    const body = JSON.stringify({ roomId: "room", hostId: "host", hostName: "Hanna" });
    expect((await first.request("/api/rooms", { method: "POST", body }))?.status).toBe(201);
    const guest = await second.enter("guest");
    await guest.say(join);
    expect(guest.received()).toMatchObject([
      { type: "room-joined", data: { room: { hostId: "host", hostName: "Hanna" } } },
    ]);
  });
});

describe("after a loss", () => {
  test("the members of a node that is lost leave, and are back when it is", async () => {
    const { nodes, clients, network } = await setUp();
    const [host, bob] = clients;
    network.cut("node-2");
    await network.settled();
    expect([host.received(), bob.received()]).toEqual([[left("bob")], [left("host"), left("carol")]]);
    network.heal("node-2");
    await network.settled();
    expect(host.received()).toEqual([joined("bob")]);
    expect(nodes.map(({ rooms }) => rooms.find("room")?.size)).toEqual([3, 3, 3]);
  });

  test("a room whose creation was lost on the way is known when that is noticed", async () => {
    const { nodes: list, network } = octateNodes(2);
    const nodes = tuple(2, list);
    network.loseNext("node-1", "node-2", 2);
    const rooms = nodes[0].rooms;
    rooms.createEmpty({
      ...{ roomId: "room", roomName: "room", hostId: "host", hostName: "Hanna", createdAt: 1 },
      ...{ fileId: undefined, content: undefined, version: undefined },
    });
    await network.settled();
    expect(nodes[1].rooms.find("room")?.facts.hostName).toBe("Hanna");
  });
});
