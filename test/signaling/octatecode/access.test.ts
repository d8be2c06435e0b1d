import { describe, expect, test } from "bun:test";
import { octateCode } from "../../../src/signaling/octatecode/dialect.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import { settled } from "../../support/eventually.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { denialOf, expired, HeldAuthorizer } from "../../support/fakes/held-authorizer.ts";
import {
  type ConnectOptions,
  type DialectClient,
  type DialectOptions,
  dialectClients,
  dialectParts,
} from "../../support/servers/dialect-clients.ts";

/** A server on which the authorizer decides, and which mints no tokens. */
function setUp(options: Pick<DialectOptions, "limits"> = {}) {
  const authorizer = new HeldAuthorizer();
  const parts = dialectParts({ ...options, authorizer });
  const rooms = new OctateRooms(parts);
  const usage = () => ({ uptimeMs: 1, memory: {}, cpu: {} });
  const clients = dialectClients([octateCode({ ...parts, rooms, tokens: undefined, usage })], parts);
  /** Authenticates a client, for the first time or again. */
  const authenticate = async (client: DialectClient, userId: string, grant = grantFor(userId), roomId = "room") => {
    const said = client.say(auth(userId, roomId));
    await authorizer.grant(roomId, grant);
    await said;
    return grant;
  };
  const connect = async (userId: string, grant?: FakeGrant) => {
    const client = clients.connect(crypto.randomUUID());
    return { client, grant: await authenticate(client, userId, grant) };
  };
  /** A host and a guest that are in the room. */
  const pair = async () => {
    const [host, guest] = [await connect("host"), await connect("guest")];
    await host.client.say({ type: "create-room", data: {} });
    await guest.client.say({ type: "join-room", data: {} });
    for (const { client } of [host, guest]) client.received();
    return { host, guest };
  };
  const heldGrants = () => authorizer.grants.filter(({ isReleased }) => !isReleased).length;
  return { ...clients, connect, stranger: clients.connect, authenticate, pair, authorizer, rooms, heldGrants };
}

const grantFor = (user?: string) => new FakeGrant("read", { user });
const auth = (userId: string, roomId = "room", token = `token of ${userId}`) => ({
  type: "auth",
  roomId,
  userId,
  data: { token },
});

const errors = (client: DialectClient) =>
  client.received().map((message) => (message as { data?: { error?: string } }).data?.error);

test("the authorizer is asked with the token of the frame, else with that of the handshake", async () => {
  const { stranger, authorizer } = setUp();
  const shown: Partial<ConnectOptions> = { path: "/?token=url", origin: "https://app.example" };
  void stranger("alice", shown).say(auth("ada"));
  void stranger("bob", shown).say({ type: "auth", userId: "bob", roomId: "room" });
  expect(authorizer.requests).toMatchObject([
    { kind: "signaling", room: "room", token: "token of ada", origin: "https://app.example" },
    { token: "url" },
  ]);
});

test.each([
  [denialOf("unauthorized", "no-token"), "Missing auth token. Request token from /api/auth/token endpoint first."],
  [expired, "Token expired"],
  [denialOf("forbidden", "wrong-room"), "Not authorized for this room. Token is for another room"],
  [denialOf("unauthorized", "bad-signature"), "Invalid or expired token"],
  [denialOf("unauthorized", "revoked"), "Invalid or expired token"],
  [denialOf("unavailable"), "Authorization is unavailable, try again"],
] as const)("%j is told in its words, and a better token is then taken", async (denial, text) => {
  const { stranger, authenticate, authorizer } = setUp();
  const client = stranger("client");
  const said = client.say(auth("ada"));
  await authorizer.answer("room", denial);
  await said;
  await client.say({ type: "create-room", data: {} });
  expect(errors(client)).toEqual([text, "Not authenticated"]);
  await authenticate(client, "ada");
  expect(client.received()).toMatchObject([{ type: "auth", userId: "ada", roomId: "room" }]);
});

test("a token that names another user is refused, and one that names no user is not", async () => {
  const { stranger, authenticate } = setUp();
  const client = stranger("client");
  const grant = await authenticate(client, "ada", grantFor("bob"));
  expect([errors(client), grant.isReleased]).toEqual([["User ID mismatch"], true]);
  await authenticate(client, "ada", grantFor());
  expect(client.received()).toMatchObject([{ type: "auth", userId: "ada" }]);
});

test.each([auth("", "room"), auth("x".repeat(257)), auth("ada", "a\nb")])(
  "the authorizer is not asked about an invalid name: %j",
  async (message) => {
    const { stranger, authorizer } = setUp();
    const client = stranger("client");
    await client.say(message);
    expect([errors(client), authorizer.requests]).toEqual([["Missing userId or roomId"], []]);
  },
);

test("a client with the token of a user in the room is that user; a token that names no user proves nothing", async () => {
  for (const user of ["ada", undefined]) {
    const { pair, connect } = setUp();
    await pair();
    const old = await connect("ada", grantFor(user));
    await old.client.say({ type: "join-room", data: {} });
    const second = await connect("ada", grantFor(user));
    second.client.received();
    const joining = second.client.say({ type: "join-room", data: {} });
    await settled();
    old.client.connection.pong();
    await joining;
    const [answer] = second.client.received();
    expect(answer).toMatchObject(
      user === undefined ? { type: "error", data: { error: "User ID in use" } } : { type: "room-joined" },
    );
  }
});

describe("a grant that ends", () => {
  test.each([
    [expired, "Token expired"],
    [denialOf("unauthorized", "revoked"), "not now"],
  ] as const)("takes its user out of the room with %j; a new token lets it in again", async (denial, text) => {
    const { pair, authenticate } = setUp();
    const { host, guest } = await pair();
    guest.grant.end(denial);
    await guest.client.say({ type: "chat", data: 1 });
    expect(errors(guest.client)).toEqual([text, "Not authenticated"]);
    expect(host.client.received()).toMatchObject([{ type: "peer-left", userId: "guest", roomId: "room" }]);
    await authenticate(guest.client, "guest");
    await guest.client.say({ type: "join-room", data: {} });
    expect(guest.client.received()).toMatchObject([{ type: "auth" }, { type: "room-joined" }]);
  });

  test("before its user has been told of the join is reported at once", async () => {
    const { connect } = setUp();
    const grant = grantFor("ada");
    grant.end(expired);
    const { client } = await connect("ada", grant);
    await client.say({ type: "create-room", data: {} });
    expect(errors(client)).toEqual([undefined, "Token expired", "Not authenticated"]);
  });

  test.each(["create-room", "join-room"])("while a %s waits for the rate leaves the room empty", async (type) => {
    const { connect, pair, clock, rooms } = setUp({ limits: { publishBurst: 1, publishesPerSecond: 1 } });
    if (type === "join-room") await pair();
    const before = rooms.members;
    const ada = await connect("ada");
    await ada.client.say({ type: "chat", data: 1 });
    await ada.client.send("garbage");
    ada.client.received();
    const waiting = ada.client.say({ type, data: {} });
    ada.grant.end(expired);
    clock.advance(1_000);
    await waiting;
    expect([errors(ada.client), rooms.members]).toEqual([["Token expired"], before]);
  });

  test("while the holder of a user id is pinged leaves the room empty", async () => {
    const { pair, connect, clock, rooms } = setUp();
    const { guest } = await pair();
    const second = await connect("guest", grantFor());
    second.client.received();
    const joining = second.client.say({ type: "join-room", data: {} });
    await settled();
    second.grant.end(expired);
    clock.advance(3_000);
    await joining;
    expect(errors(second.client)).toEqual(["Token expired"]);
    expect([rooms.members, guest.client.connection.isOpen]).toEqual([2, true]);
  });
});

test("tokens over the rate of authorizations wait", async () => {
  const { connect, authorizer, clock } = setUp({ limits: { authorizationBurst: 1, authorizationsPerSecond: 1 } });
  const { client } = await connect("ada");
  const before = authorizer.requests.length;
  const again = client.say({ type: "auth", userId: "ada", roomId: "room", data: { token: "t" }, timestamp: 1 });
  await settled();
  expect(authorizer.requests).toHaveLength(before);
  clock.advance(1_000);
  await settled();
  await authorizer.deny("room");
  await again;
  expect(authorizer.requests).toHaveLength(before + 1);
});

test("a new token replaces the old one, whose end then has no effect", async () => {
  const { pair, authenticate } = setUp();
  const { host, guest } = await pair();
  const renewed = await authenticate(guest.client, "guest");
  expect([guest.grant.isReleased, renewed.isReleased]).toEqual([true, false]);
  guest.grant.end(expired);
  await guest.client.say({ type: "chat", data: 1 });
  expect(host.client.received()).toMatchObject([{ type: "chat" }]);
});

test("every grant is released, however its user leaves", async () => {
  const { pair, connect, authenticate, stranger, heldGrants } = setUp();
  const { host, guest } = await pair();
  await guest.client.say({ type: "leave-room" });
  expect(heldGrants()).toBe(2);
  await authenticate(guest.client, "guest", grantFor("guest"), "elsewhere");
  expect(heldGrants()).toBe(2);
  await authenticate(guest.client, "guest", grantFor("other"), "elsewhere");
  expect(heldGrants()).toBe(2);
  guest.client.leave();
  host.client.leave();
  const absent = await connect("absent");
  await absent.client.say({ type: "join-room", data: {} });
  absent.client.leave();
  const mistaken = stranger("mistaken");
  await authenticate(mistaken, "ada", grantFor("bob"));
  expect(heldGrants()).toBe(0);
});
