import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { openAuthorizer } from "../../src/auth/open-authorizer.ts";
import type { DialectSession, JsonDialect } from "../../src/signaling/dialects.ts";
import { SessionError } from "../../src/transport/close-reason.ts";
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
  const alice = setUp(dialect("red", seen)).connect("alice");
  await alice.send('{"type":"bump"}');
  await alice.send("{}");
  await alice.send('{"type":"red"}');
  expect(seen).toEqual(['red alice {"type":"red"}']);
  const bob = setUp(dialect("red", seen)).connect("bob");
  expect(() => bob.leave()).not.toThrow();
});

test("a frame that is not a message ends the session, before and after a dialect is pinned", async () => {
  const alice = setUp(dialect("red", [])).connect("alice");
  await expect(alice.send("garbage")).rejects.toThrow(SessionError);
  await alice.send('{"type":"red"}');
  await expect(alice.send("garbage")).rejects.toThrow(SessionError);
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
    return protocol.authenticate?.({ url: new URL(path, "ws://localhost"), headerToken });
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
    expect(await protocol.authenticate?.({ url: new URL("ws://localhost/") })).toEqual({
      status,
      message: "not now\n",
    });
  });
});
