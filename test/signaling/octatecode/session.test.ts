import { expect, test } from "bun:test";
import { octateCode } from "../../../src/signaling/octatecode/dialect.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import { SignedRoomTokens } from "../../../src/signaling/octatecode/signed-room-tokens.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { settled } from "../../support/eventually.ts";
import {
  type DialectClient,
  type DialectOptions,
  dialectClients,
  dialectParts,
} from "../../support/servers/dialect-clients.ts";

function setUp(options: DialectOptions = {}) {
  const parts = dialectParts(options);
  const rooms = new OctateRooms(parts);
  const tokens = new SignedRoomTokens(parts.clock, parts.limits.roomTokenMs);
  const usage = () => ({ uptimeMs: 1, memory: { heapUsed: 2 }, cpu: { user: 3 } });
  const clients = dialectClients([octateCode({ ...parts, rooms, tokens, usage })], parts);
  /** Connects and authenticates, with a token of its own or a given one. */
  const enter = async (userId: string, roomId = "room", token?: string): Promise<DialectClient> => {
    const client = clients.connect(crypto.randomUUID());
    const minted = token ?? (await tokens.mint({ user: userId, room: roomId }));
    await client.say({ type: "auth", roomId, userId, data: { token: minted }, timestamp: 1 });
    client.received();
    return client;
  };
  /** A host and a guest that are in the room. */
  const pair = async () => {
    const [host, guest] = [await enter("host"), await enter("guest")];
    await host.say({ type: "create-room", data: { roomName: "The room", userName: "Hanna" } });
    await guest.say({ type: "join-room", data: { userName: "Gustav" } });
    for (const client of [host, guest]) client.received();
    return { host, guest };
  };
  return { ...clients, rooms, tokens, enter, pair };
}

const errorOf = (client: DialectClient) =>
  client.received().map((message) => (message as { type: string; data?: { error?: string } }).data?.error);

const described = {
  roomId: "room",
  roomName: "The room",
  hostId: "host",
  hostName: "Hanna",
  state: "active",
  createdAt: expect.any(Number),
  lastActivity: expect.any(Number),
};
const person = (userId: string, userName: string, isHost = false) => ({
  userId,
  userName,
  isHost,
  connectedAt: expect.any(Number),
  lastHeartbeat: expect.any(Number),
});

test("a client authenticates with its token, creates a room, and others join it", async () => {
  const { connect, tokens, enter } = setUp();
  const host = connect("host");
  const token = await tokens.mint({ user: "host", room: "room" });
  await host.say({ type: "auth", roomId: "room", userId: "host", data: { token }, timestamp: 1 });
  expect(host.received()).toEqual([
    {
      type: "auth",
      roomId: "room",
      userId: "host",
      data: { status: "authenticated", message: expect.any(String) },
      timestamp: expect.any(Number),
    },
  ]);
  const content = { fileId: "f", content: "text", version: 3 };
  await host.say({ type: "create-room", data: { roomName: "The room", userName: "Hanna", ...content } });
  const envelope = { roomId: "room", timestamp: expect.any(Number) };
  const created = { ...described, peerCount: 1, peers: [person("host", "Hanna", true)], ...content };
  expect(host.received()).toEqual([{ ...envelope, type: "room-created", userId: "host", data: { room: created } }]);
  const guest = await enter("guest");
  await guest.say({ type: "join-room", data: { userName: "Gustav" } });
  const joined = { ...created, peerCount: 2, peers: [person("host", "Hanna", true), person("guest", "Gustav")] };
  expect(guest.received()).toEqual([{ ...envelope, type: "room-joined", userId: "guest", data: { room: joined } }]);
  const peer = { userId: "guest", userName: "Gustav" };
  expect(host.received()).toEqual([{ ...envelope, type: "peer-joined", userId: "guest", data: { peer } }]);
});

test("offers, answers and candidates reach the room or their target, in the name of their sender", async () => {
  const { enter, pair } = setUp();
  const { host, guest } = await pair();
  const third = await enter("third");
  await third.say({ type: "join-room", data: {} });
  for (const client of [host, guest, third]) client.received();
  const offer = { type: "offer", sdp: "v=0" };
  await host.say({ type: "sdp-offer", roomId: "elsewhere", userId: "guest", data: { offer } });
  const envelope = { roomId: "room", userId: "host", timestamp: expect.any(Number) };
  const forwarded = { ...envelope, type: "sdp-offer", data: { offer: { ...offer, offer } } };
  expect([host.received(), guest.received(), third.received()]).toEqual([[], [forwarded], [forwarded]]);
  const answer = { type: "answer", sdp: "v=0" };
  await guest.say({ type: "sdp-answer", userId: "guest", targetUserId: "host", data: answer });
  const candidate = { candidate: "candidate:1", sdpMid: "0" };
  await guest.say({ type: "ice-candidate", targetUserId: "host", data: { candidate } });
  await guest.say({ type: "ice-candidate", targetUserId: "nobody", data: { candidate } });
  await guest.say({ type: "chat", data: { text: "hello" } });
  await guest.say({ type: "operation", targetUserId: "host", data: { position: 1 } });
  expect(host.received()).toMatchObject([
    { type: "sdp-answer", userId: "guest", data: { answer: { ...answer, answer } } },
    { type: "ice-candidate", data: { candidate: { sdpMid: "0", candidate } } },
    { type: "chat", data: { text: "hello" } },
    { type: "operation", userId: "guest", data: { operation: { position: 1 } } },
  ]);
  expect(third.received()).toMatchObject([{ type: "chat", userId: "guest" }]);
});

test("a client may name its user and its room inside data", async () => {
  const { connect, tokens } = setUp();
  const ada = connect("ada");
  const token = await tokens.mint({ user: "ada", room: "room" });
  await ada.say({ type: "auth", data: { token, userId: "ada", roomId: "room" } });
  expect(ada.received()).toMatchObject([{ type: "auth", userId: "ada", roomId: "room" }]);
});

test("each client is answered, and told of others, in its own casing", async () => {
  const { enter, pair } = setUp();
  const { host } = await pair();
  const loud = await enter("loud");
  await loud.say({ type: "JOIN_ROOM", data: {} });
  await host.say({ type: "heartbeat" });
  await loud.say({ type: "HEARTBEAT" });
  await host.say({ type: "sdp-offer", targetUserId: "loud", data: {} });
  await loud.say({ type: "ICE_CANDIDATE", targetUserId: "host", data: {} });
  await loud.say({ type: "CREATE_ROOM", data: {} });
  const types = (client: DialectClient) => client.received().map((message) => (message as { type: string }).type);
  expect(types(host)).toEqual(["peer-joined", "heartbeat", "ice-candidate"]);
  expect(types(loud)).toEqual(["ROOM_JOINED", "HEARTBEAT", "SDP_OFFER", "ERROR"]);
});

test.each<[string, (client: DialectClient) => unknown]>([
  ["leaves", (client) => client.say({ type: "leave-room", roomId: "elsewhere", userId: "host" })],
  ["goes away", (client) => client.leave()],
])("the others are told once of a peer that %s, and it is not reachable any more", async (_, go) => {
  const { pair } = setUp();
  const { host, guest } = await pair();
  await go(guest);
  await host.say({ type: "sdp-offer", data: {} });
  expect(host.received()).toEqual([
    { type: "peer-left", roomId: "room", userId: "guest", timestamp: expect.any(Number) },
  ]);
  expect(guest.received()).toEqual([]);
});

test.each([
  [{}, "Missing userId or roomId"],
  [{ userId: "ada" }, "Missing userId or roomId"],
  [{ userId: "ada", roomId: "room" }, "Missing auth token. Request token from /api/auth/token endpoint first."],
  [{ userId: "ada", roomId: "room", data: { token: "made up" } }, "Invalid or expired token"],
])("%j does not authenticate", async (message, error) => {
  const { connect } = setUp();
  const client = connect("client");
  await client.say({ type: "auth", ...message });
  expect(client.received()).toEqual([
    { type: "error", roomId: "", userId: "", data: { error }, timestamp: expect.any(Number) },
  ]);
});

test("a token is valid for one user, one room and a limited time", async () => {
  const { connect, tokens, clock } = setUp({ limits: { roomTokenMs: 30_000 } });
  const client = connect("client");
  const token = await tokens.mint({ user: "ada", room: "room" });
  await client.say({ type: "auth", userId: "bob", roomId: "room", data: { token } });
  await client.say({ type: "auth", userId: "ada", roomId: "other", data: { token } });
  clock.advance(30_000);
  await client.say({ type: "AUTH", userId: "ada", roomId: "room", data: { token } });
  expect(errorOf(client)).toEqual([
    "User ID mismatch",
    "Not authorized for this room. Token is for another room",
    "Token expired",
  ]);
});

test.each([
  "create-room",
  "join-room",
  "leave-room",
  "sdp-offer",
  "sdp-answer",
  "ice-candidate",
  "heartbeat",
  "chat",
  "operation",
])("%s needs authentication", async (type) => {
  const { connect, rooms } = setUp();
  const client = connect("client");
  await client.say({ type, roomId: "room", userId: "ada", data: {} });
  expect(errorOf(client)).toEqual(["Not authenticated"]);
  expect(rooms.size).toBe(0);
});

test("a room is created once, and joined only when it is there", async () => {
  const { enter, rooms } = setUp();
  const [host, rival, stranger] = [await enter("host"), await enter("rival"), await enter("ada", "elsewhere")];
  await host.say({ type: "join-room", data: {} });
  await host.say({ type: "create-room", data: {} });
  await rival.say({ type: "create-room", data: {} });
  await stranger.say({ type: "join-room", data: {} });
  await stranger.say({ type: "sdp-offer", data: {} });
  expect(errorOf(host)).toEqual(["Room not found or join failed", undefined]);
  expect(errorOf(rival)).toEqual(["Failed to create room"]);
  expect(errorOf(stranger)).toEqual(["Room not found or join failed", "Room not found or join failed"]);
  expect([rooms.size, rooms.members]).toEqual([1, 1]);
});

test("a client that comes back with its token resumes at once, and the old socket's late close changes nothing", async () => {
  const { tokens, enter, pair } = setUp();
  const { host } = await pair();
  const token = await tokens.mint({ user: "ada", room: "room" });
  const old = await enter("ada", "room", token);
  await old.say({ type: "join-room", data: {} });
  host.received();
  const resumed = await enter("ada", "room", token);
  await resumed.say({ type: "join-room", data: { userName: "Ada" } });
  expect(host.received()).toMatchObject([{ type: "peer-joined", data: { peer: { userId: "ada", userName: "Ada" } } }]);
  expect(old.connection.closeReason).toEqual(closeReasons.replaced);
  old.leave();
  await host.say({ type: "sdp-offer", targetUserId: "ada", data: {} });
  expect(host.received()).toEqual([]);
  expect(resumed.received()).toMatchObject([{ type: "room-joined" }, { type: "sdp-offer" }]);
});

test("the user id of a live client is not given to a client with another token; that of a dead socket is", async () => {
  const { enter, pair, clock } = setUp();
  const { host, guest } = await pair();
  const mallory = await enter("guest");
  const claim = mallory.say({ type: "join-room", data: {} });
  await settled();
  guest.connection.pong();
  await claim;
  expect(errorOf(mallory)).toEqual(["User ID in use"]);
  const again = mallory.say({ type: "join-room", data: {} });
  await settled();
  clock.advance(3_000);
  await again;
  expect(mallory.received()).toMatchObject([{ type: "room-joined" }]);
  expect(guest.connection.closeReason).toEqual(closeReasons.replaced);
  expect(host.received()).toMatchObject([{ type: "peer-joined" }]);
});

test("a heartbeat is answered, and seen in the room", async () => {
  const { pair, clock, rooms } = setUp();
  const { guest } = await pair();
  clock.advance(30_000);
  await guest.say({ type: "heartbeat" });
  expect(guest.received()).toEqual([{ type: "heartbeat", roomId: "room", userId: "guest", timestamp: clock.now() }]);
  const { peers = [], lastActivity } = rooms.find("room")?.describe() ?? {};
  expect([peers[1]?.lastHeartbeat, lastActivity]).toEqual([clock.now(), clock.now()]);
  expect(peers[0]?.lastHeartbeat).toBe(clock.now() - 30_000);
});

test("a room without members is kept for ten minutes", async () => {
  const { pair, enter, clock, rooms } = setUp();
  const { host, guest } = await pair();
  host.leave();
  guest.leave();
  clock.advance(599_999);
  const back = await enter("guest");
  await back.say({ type: "join-room", data: {} });
  clock.advance(3_600_000);
  expect(rooms.size).toBe(1);
  back.leave();
  clock.advance(600_000);
  expect(rooms.size).toBe(0);
});

test("no more empty rooms are kept than their limit, and no more content", async () => {
  const { enter, rooms, met } = setUp({ limits: { emptyRooms: 2, roomContentLength: 10 } });
  for (const name of ["a", "b", "c"]) {
    const host = await enter("host", name);
    await host.say({ type: "create-room", data: { content: "123" } });
    host.leave();
  }
  expect([rooms.size, await met("rooms")]).toEqual([2, 0]);
  const back = await enter("ada", "a");
  await back.say({ type: "join-room", data: {} });
  const late = await enter("host", "d");
  await late.say({ type: "create-room", data: { content: "12345" } });
  await late.say({ type: "create-room", data: { content: "1234" } });
  expect([errorOf(late), await met("rooms")]).toEqual([["Failed to create room", undefined], 1]);
});

test("a full room is refused with an error, and counted", async () => {
  const { enter, met } = setUp({ limits: { signalingRoomMembers: 1 } });
  const [host, guest] = [await enter("host"), await enter("guest")];
  await host.say({ type: "create-room", data: {} });
  await guest.say({ type: "join-room", data: {} });
  expect([errorOf(guest), await met("room-members")]).toEqual([["Room not found or join failed"], 1]);
});

test.each([
  "garbage",
  "[]",
  '{"type":"create-room","data":{"roomName":5}}',
  '{"type":"join-room","targetUserId":{},"data":{"userName":[]}}',
])("%s is answered with an error, and the client goes on", async (frame) => {
  const { pair } = setUp();
  const { host, guest } = await pair();
  await guest.send(frame);
  expect(errorOf(guest)).toEqual(["Invalid message format"]);
  await guest.say({ type: "chat", data: 1 });
  expect(host.received()).toHaveLength(1);
});

test("another token on the same connection takes it to another room", async () => {
  const { tokens, pair } = setUp();
  const { host, guest } = await pair();
  const token = await tokens.mint({ user: "guest", room: "elsewhere" });
  await guest.say({ type: "auth", userId: "guest", roomId: "elsewhere", data: { token } });
  await guest.say({ type: "chat", data: 1 });
  expect(host.received()).toMatchObject([{ type: "peer-left", userId: "guest", roomId: "room" }]);
});
