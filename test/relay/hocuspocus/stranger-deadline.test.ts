import { describe, expect, test } from "bun:test";
import { providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { denied, FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { hocuspocusSessions } from "../../support/servers/hocuspocus-sessions.ts";

const doc = providerFrames("doc");
const other = providerFrames("other");
const timeout = { code: 4408, name: "timeout" };

function setUp() {
  const authorizer = new FakeAuthorizer();
  for (const token of ["bad", undefined]) authorizer.decide(token, denied);
  return { ...hocuspocusSessions({ authorizer }), authorizer };
}

describe("a connection whose client is denied", () => {
  test.each<[what: string, frames: (second: number) => readonly Uint8Array[]]>([
    ["presence", () => [doc.awareness(1, 1, {})]],
    ["tokens", () => [doc.auth("bad")]],
    ["documents", (second) => [providerFrames(`${second}`).auth("bad")]],
    ["closes and attachments", () => [doc.close(), doc.auth("bad")]],
    ["pings", () => [Uint8Array.of(9)]],
  ])("is closed 15 s after the first denial, however many %s it sends", async (_what, frames) => {
    const { clock, connect } = setUp();
    const { connection, say } = await connect("a");
    await say(doc.auth("bad"), doc.step1());
    for (let second = 1; second < 15; second += 1) {
      clock.advance(1_000);
      await say(...frames(second));
    }
    clock.advance(999);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(connection.closeReason).toEqual(timeout);
  });

  test("is closed as well if the client shows no token, once it has been told", async () => {
    const { clock, connect } = setUp();
    const { connection, say, told } = await connect("a");
    await say(doc.step1());
    clock.advance(15_000);
    expect([told(), connection.closeReason]).toEqual([
      ["doc: denied unauthorized: not this token", "doc: status 0"],
      timeout,
    ]);
  });

  test("stays if it joins another document or the same one in time", async () => {
    const { clock, connect } = setUp();
    const [same, another] = [await connect("same"), await connect("another")];
    for (const { say } of [same, another]) await say(doc.auth("bad"));
    clock.advance(14_999);
    await same.say(doc.auth("good"));
    await another.say(other.auth("good"));
    clock.advance(600_000);
    expect([same.connection.isOpen, another.connection.isOpen]).toEqual([true, true]);
    // From its last document on it is a stranger again.
    await another.say(other.close());
    clock.advance(14_999);
    expect(another.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(another.connection.closeReason).toEqual(timeout);
  });

  test("is closed 15 s after its grant has been revoked", async () => {
    const { authorizer, clock, connect } = setUp();
    const { connection, say } = await connect("a");
    await say(doc.auth("good"), doc.step1());
    clock.advance(600_000);
    authorizer.grants[0]?.end(denied);
    clock.advance(14_999);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(connection.closeReason).toEqual(timeout);
  });
});

test("attaching and detaching does not extend the minute without a document", async () => {
  const { clock, connect } = setUp();
  const { connection, say } = await connect("a");
  for (let second = 1; second < 60; second += 1) {
    clock.advance(1_000);
    await say(doc.close());
  }
  clock.advance(999);
  expect(connection.isOpen).toBe(true);
  clock.advance(1);
  expect(connection.closeReason).toEqual(timeout);
});

test("a client that was refused a document which it had joined is no stranger", async () => {
  const { clock, connect } = setUp();
  const [member, stranger] = [await connect("member"), await connect("stranger")];
  await member.say(doc.auth("good"), doc.update(Uint8Array.of(1, 2, 3)));
  await stranger.say(doc.update(Uint8Array.of(1, 2, 3)), providerFrames("").auth("good"));
  for (const each of [member, stranger]) expect(each.told().join()).toContain("malformed-frame");
  clock.advance(15_000);
  expect([member.connection.isOpen, stranger.connection.closeReason]).toEqual([true, timeout]);
  clock.advance(600_000);
  expect(member.connection.isOpen).toBe(true);
  // Presence is answered: the provider would reconnect otherwise, to be refused again.
  member.told();
  await member.say(doc.awareness(1, 1, {}));
  expect(member.told()).toEqual(["doc: awareness "]);
});
