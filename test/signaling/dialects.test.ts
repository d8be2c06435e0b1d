import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { openAuthorizer } from "../../src/auth/open-authorizer.ts";
import { cliffy } from "../../src/signaling/cliffy/dialect.ts";
import type { DialectSession, JsonDialect } from "../../src/signaling/dialects.ts";
import { octateCode } from "../../src/signaling/octatecode/dialect.ts";
import { octateCodePeers } from "../../src/signaling/octatecode/peers-dialect.ts";
import { OctateRooms } from "../../src/signaling/octatecode/rooms.ts";
import { SignedRoomTokens } from "../../src/signaling/octatecode/signed-room-tokens.ts";
import { PeerRoom } from "../../src/signaling/peer-rooms/peer-room.ts";
import { yWebrtc } from "../../src/signaling/y-webrtc/dialect.ts";
import { Topic } from "../../src/signaling/y-webrtc/topic.ts";
import { closeReasons, SessionError } from "../../src/transport/close-reason.ts";
import { FakeAuthorizer } from "../support/fakes/fake-authorizer.ts";
import { denialOf } from "../support/fakes/held-authorizer.ts";
import { dialectClients, dialectParts } from "../support/servers/dialect-clients.ts";

/** A dialect that recognises the types that begin with its name, and records the messages of its sessions. */
function dialect(name: string, seen: string[], extra: Partial<DialectSession> = {}): JsonDialect {
  return {
    name,
    recognises: ({ type }) => String(type).startsWith(name),
    routes: new Hono().get(`/${name}`, (context) => context.text(name)),
    open: ({ connection: { id } }) => ({
      receive: ({ text }) => {
        seen.push(`${name} ${id} ${text}`);
      },
      closed: () => seen.push(`${name} ${id} closed`),
      ...extra,
    }),
  };
}

function allDialects() {
  const parts = dialectParts();
  const { clock, limits, openChannel } = parts;
  const peerRooms = () => parts.registry(() => new PeerRoom(openChannel, limits.signalingRoomMembers));
  const usage = () => ({ uptimeMs: 0, memory: {}, cpu: {} });
  const dialects = [
    octateCode({ ...parts, rooms: new OctateRooms(parts), tokens: new SignedRoomTokens(clock, 1_000), usage }),
    octateCodePeers({ ...parts, rooms: peerRooms() }),
    cliffy({ ...parts, rooms: peerRooms() }),
    yWebrtc({
      ...parts,
      rooms: parts.registry(() => new Topic({ openChannel, memberLimit: 10, peerIdsPerSubscriber: 10, clock })),
    }),
  ];
  return dialectClients(dialects, parts);
}

const setUp = (...dialects: JsonDialect[]) => dialectClients(dialects, dialectParts());

test("the first message pins the dialect, for this connection alone", async () => {
  const seen: string[] = [];
  const { connect } = setUp(dialect("red", seen), dialect("blue", seen));
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.send('{"type":"blue"}');
  await alice.send('{"type":"red"}');
  await bob.send('{"type":"red"}');
  alice.leave();
  expect(seen).toEqual([
    'blue alice {"type":"blue"}',
    'blue alice {"type":"red"}',
    'red bob {"type":"red"}',
    "blue alice closed",
  ]);
});

test("when two dialects recognise a message, the first gets the connection", async () => {
  const seen: string[] = [];
  await setUp(dialect("red", seen), dialect("re", seen)).connect("alice").send('{"type":"red"}');
  expect(seen).toEqual(['red alice {"type":"red"}']);
});

test("messages that no dialect recognises are ignored, and pin no dialect", async () => {
  const seen: string[] = [];
  const { connect, ignored } = setUp(dialect("red", seen));
  const alice = connect("alice");
  await alice.send('{"type":"bump"}');
  await alice.send("{}");
  await alice.send('{"type":"red"}');
  expect(seen).toEqual(['red alice {"type":"red"}']);
  expect(await ignored()).toEqual({ "json-signaling": 2 });
  const bob = setUp(dialect("red", seen)).connect("bob");
  expect(() => bob.leave()).not.toThrow();
});

test("an empty frame is ignored and counted, before and after a dialect is pinned", async () => {
  const seen: string[] = [];
  const { connect, ignored } = setUp(dialect("red", seen));
  const alice = connect("alice");
  for (const frame of ["", '{"type":"red"}', "", new Uint8Array()]) await alice.send(frame);
  expect(seen).toEqual(['red alice {"type":"red"}']);
  expect(await ignored()).toEqual({ "json-signaling": 1, other: 2 });
});

test.each([
  ["cliffy", { type: "join", roomId: "r", peerId: "p" }],
  ["octatecode", { type: "heartbeat", userId: "u" }],
  ["octatecode-peers", { type: "auth", roomId: "r", from: "p" }],
  ["y-webrtc", { type: "ping" }],
])("%s ignores and counts a message of an unknown type, and the session goes on", async (name, first) => {
  const { connect, ignored } = allDialects();
  const client = connect("client");
  await client.say(first);
  client.received();
  await client.say({ type: "of-a-later-version", data: [1] });
  expect(client.received()).toEqual([]);
  expect(await ignored()).toEqual({ [name]: 1 });
  expect(client.connection.isOpen).toBe(true);
  await client.say(first);
  expect(client.received()).not.toEqual([]);
});

test("a frame that is not a message ends the session, before and after a dialect is pinned", async () => {
  const alice = setUp(dialect("red", [])).connect("alice");
  await expect(alice.send("garbage")).rejects.toThrow(SessionError);
  await alice.send('{"type":"red"}');
  await expect(alice.send("garbage")).rejects.toThrow(SessionError);
});

test("a client of another protocol, whose first frame is binary, is closed at once", async () => {
  const { connect } = setUp(dialect("red", []));
  const [stray, client] = [connect("stray"), connect("client")];
  await stray.send(new Uint8Array([0, 0, 1, 0]));
  expect(stray.connection.closeReason).toBe(closeReasons.malformedFrame);
  await client.send('{"type":"red"}');
  await expect(client.send(new Uint8Array([0, 0, 1, 0]))).rejects.toThrow(SessionError);
  expect(client.connection.isOpen).toBe(true);
});

test("a dialect with an error message answers a frame that is not a message, and the session stays open", async () => {
  const seen: string[] = [];
  const malformed = (detail: string): void => {
    seen.push(detail);
  };
  const alice = setUp(dialect("red", seen, { malformed })).connect("alice");
  await expect(alice.send("garbage")).rejects.toThrow(SessionError);
  await alice.send('{"type":"red"}');
  await alice.send("garbage");
  await alice.send('{"type":"red","again":true}');
  expect(seen).toEqual(['red alice {"type":"red"}', "not JSON", 'red alice {"type":"red","again":true}']);
});

test("a message that exceeds a bound is refused alone: in the dialect's words, or in silence", async () => {
  const seen: string[] = [];
  const refused = (detail: string) => void seen.push(detail);
  const { connect, met } = setUp(dialect("red", seen, { refused }), dialect("blue", seen));
  const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
  await alice.send('{"type":"red"}');
  await bob.send('{"type":"blue"}');
  seen.length = 0;
  const deep = `{"type":"red","deep":${"[".repeat(33)}${"]".repeat(33)}}`;
  for (const client of [alice, bob, carol]) {
    await client.send(deep);
    await client.sendOversized("x".repeat(70_000), "limits.signaling-frame-bytes: a frame of 70000 bytes");
  }
  expect(seen).toEqual([
    "limits.json-depth: nested deeper than 32",
    "limits.signaling-frame-bytes: a frame of 70000 bytes",
  ]);
  expect([await met("json-depth"), await met("frame-bytes")]).toEqual([3, 3]);
  for (const client of [alice, bob]) await client.send("{}");
  expect(seen.slice(2)).toEqual(["red alice {}", "blue bob {}"]);
});

test("upgrades of / and /signal are answered, with any query, and of no other path", () => {
  const { protocol } = setUp();
  const matches = (path: string): boolean => protocol.match(new URL(path, "ws://localhost:4444"));
  expect(["/", "/signal", "/?room=1", "/signal?x=%2F"].map(matches)).toEqual([true, true, true, true]);
  expect(["/signal/", "/signals", "/sync/x"].map(matches)).toEqual([false, false, false]);
});

test("the routes of all dialects are served", async () => {
  const { protocol } = setUp(dialect("red", []), dialect("blue", []));
  for (const path of ["/red", "/blue"]) expect((await protocol.routes?.request(path))?.status).toBe(200);
});

describe("before a connection is accepted", () => {
  const screen = (path: string, headerToken?: string) => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denialOf("unauthorized"));
    const { protocol } = dialectClients([], dialectParts({ authorizer }));
    return protocol.authenticate?.({ url: new URL(path, "ws://localhost"), headerToken }, "192.0.2.1");
  };

  test("an invalid token is refused, in the URL and in a header", async () => {
    const refusal = { status: 401, message: "not now\n" };
    expect(await screen("/signal?token=bad")).toEqual(refusal);
    expect(await screen("/", "bad")).toEqual(refusal);
  });

  test.each(["/", "/?token=good", "/?token=", "/?access_token=bad"])("%s is not", async (path) => {
    expect(await screen(path)).toBeUndefined();
  });

  test.each([
    ["unauthorized", 401],
    ["forbidden", 403],
    ["unavailable", 503],
  ] as const)("%s is %d", async (kind, status) => {
    const authorizer = { ...openAuthorizer, authenticate: async () => denialOf(kind) };
    const { protocol } = dialectClients([], dialectParts({ authorizer }));
    expect(await protocol.authenticate?.({ url: new URL("ws://localhost/") }, "192.0.2.1")).toEqual({
      status,
      message: "not now\n",
    });
  });
});
