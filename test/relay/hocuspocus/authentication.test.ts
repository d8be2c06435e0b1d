import { describe, expect, test } from "bun:test";
import { providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { countClocks, updatesOf } from "../../support/clients/raw-client.ts";
import { settled } from "../../support/eventually.ts";
import type { FailingStore } from "../../support/fakes/failing-store.ts";
import { denied, FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { hocuspocusSessions } from "../../support/servers/hocuspocus-sessions.ts";
import { tuple } from "../../support/tuple.ts";

const [first, second] = tuple(
  2,
  updatesOf((document) => {
    document.clientID = 7;
    for (const character of "ab") document.getText("t").insert(0, character);
  }),
);
const doc = providerFrames("doc");
const other = providerFrames("other");
const refused = ["doc: denied unauthorized: not this token", "doc: status 0"];

/** How often each clock is stored. */
function storedClocks(store: FailingStore): number[] {
  return [...countClocks(store.appended.flat().map(({ update }) => update)).values()];
}

describe("while a document is being authorized", () => {
  test("its frames wait, in order, and other documents do not", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, turnAndSync } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    const release = authorizer.hold();
    await say(doc.auth("t"), doc.step1(), doc.awareness(1, 1, {}), doc.update(first));
    const [waits] = authorizer.requests;
    expect([waits?.room, waits?.token, waits?.kind]).toEqual(["doc", "t", "sync"]);
    expect(told()).toEqual([]);
    release();
    authorizer.decide("t", "write");
    await settled();
    await turnAndSync();
    expect(told()).toEqual([
      "doc: authenticated read-write",
      "doc: step1 00",
      "doc: step2 0000",
      "doc: awareness 1@1 {}",
      "doc: awareness 1@2 {}",
      "doc: asks who is there",
      "doc: awareness 1@1 {}",
      "doc: status 1",
    ]);
  });

  test("another document that has been authorized is served", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    const release = authorizer.hold();
    await say(doc.auth("slow"), doc.step1());
    // Requests that wait already go on waiting.
    authorizer.hold()();
    await say(other.auth("quick"), other.step1());
    expect(told()).toEqual(["other: authenticated read-write", "other: step1 00", "other: step2 0000"]);
    release();
    await settled();
    expect(told()).toEqual(["doc: authenticated read-write", "doc: step1 00", "doc: step2 0000"]);
  });

  test("a deadline closes the connection, however many messages the client sends meanwhile", async () => {
    const authorizer = new FakeAuthorizer();
    const { clock, connect } = hocuspocusSessions({ authorizer });
    const { connection, say } = await connect("a");
    authorizer.hold();
    await say(doc.auth("t"));
    for (let second = 0; second < 14; second += 1) {
      clock.advance(1_000);
      await say(doc.step1());
    }
    clock.advance(999);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(connection.closeReason).toEqual({ code: 4408, name: "timeout" });
  });

  test("too many waiting bytes make the connection wait, and no frame is lost", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, store, turnAndSync } = hocuspocusSessions({ authorizer, limits: { attachmentInboxBytes: 400 } });
    const { session, told } = await connect("a");
    const release = authorizer.hold();
    void session.receive(doc.auth("t"));
    expect(session.receive(doc.step1())).toBeUndefined();
    expect(session.receive(doc.update(first))).toBeUndefined();
    let mayGoOn = false;
    const waits = session.receive(doc.update(second));
    expect(waits).toBeInstanceOf(Promise);
    void Promise.resolve(waits).then(() => {
      mayGoOn = true;
    });
    await settled();
    expect(mayGoOn).toBe(false);
    release();
    await settled();
    await turnAndSync();
    expect(mayGoOn).toBe(true);
    expect(storedClocks(store)).toEqual([1, 1]);
    expect(told().slice(-2)).toEqual(["doc: status 1", "doc: status 1"]);
  });

  test("too many documents make the connection wait", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect } = hocuspocusSessions({ authorizer, limits: { concurrentAuthorizations: 2 } });
    const { session, told } = await connect("a");
    const release = authorizer.hold();
    expect(session.receive(doc.auth())).toBeUndefined();
    const waits = session.receive(other.auth());
    expect(waits).toBeInstanceOf(Promise);
    release();
    await waits;
    await settled();
    expect(told()).toEqual(["doc: authenticated read-write", "other: authenticated read-write"]);
  });

  test("a client that disconnects opens no room", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, rooms } = hocuspocusSessions({ authorizer });
    const { say, leave } = await connect("a");
    authorizer.hold();
    await say(doc.auth("t"), doc.step1());
    leave();
    await settled();
    expect(authorizer.requests[0]?.signal.aborted).toBe(true);
    expect(rooms.size).toBe(0);
  });

  test("an authorizer that fails grants nothing and closes the connection", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, rooms } = hocuspocusSessions({ authorizer });
    const { connection, say, told } = await connect("a");
    authorizer.fail(new Error("the authorizer is broken"));
    await say(doc.auth("t"), doc.step1());
    expect(connection.closeReason?.name).toBe("internal-error");
    expect([told(), rooms.size]).toEqual([[], 0]);
  });
});

describe("a provider that is denied", () => {
  test("is told why, keeps its connection, and joins with a new token", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denied);
    const { connect, store, turnAndSync } = hocuspocusSessions({ authorizer });
    const { connection, say, told } = await connect("a");
    await say(doc.auth("bad"), doc.step1(), doc.awareness(1, 1, { name: "Ada" }), doc.update(first));
    expect(told()).toEqual(refused);
    await say(doc.auth("bad"));
    expect(told()).toEqual(refused);
    expect([connection.isOpen, store.attempts]).toEqual([true, 0]);
    await say(doc.auth("good"));
    // It is asked for its earlier changes, which are acknowledged once for the sync and once for the update.
    await say(doc.step2(first));
    await turnAndSync();
    expect(told()).toEqual([
      "doc: authenticated read-write",
      'doc: awareness 1@1 {"name":"Ada"}',
      'doc: awareness 1@2 {"name":"Ada"}',
      "doc: asks who is there",
      'doc: awareness 1@1 {"name":"Ada"}',
      "doc: step1 00",
      "doc: step2 0000",
      "doc: status 1",
      "doc: status 1",
    ]);
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("is told at the deadline when it has sent no token, since it may be about to send one", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide(undefined, denied);
    const { clock, connect } = hocuspocusSessions({ authorizer });
    const [late, never] = [await connect("late"), await connect("never")];
    for (const { say } of [late, never]) await say(doc.step1());
    clock.advance(5_000);
    expect(late.told()).toEqual([]);
    await late.say(doc.auth("t"));
    expect(late.told()).toEqual(["doc: authenticated read-write", "doc: step1 00", "doc: step2 0000"]);
    clock.advance(10_000);
    expect(never.told()).toEqual(refused);
    expect([late.connection.isOpen, never.connection.isOpen]).toEqual([true, false]);
  });
});

test("a provider whose handshake token is denied is told at once", async () => {
  const authorizer = new FakeAuthorizer();
  authorizer.decide("bad", denied);
  const { connect } = hocuspocusSessions({ authorizer });
  const { say, told } = await connect("a", { headerToken: "bad" });
  await say(doc.step1());
  expect(told()).toEqual(refused);
});

describe("a member that authenticates again", () => {
  test("is asked for a token when its grant is about to end, and stays a member", async () => {
    const authorizer = new FakeAuthorizer();
    const { clock, connect, turnAndSync } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    await say(doc.auth("first"), doc.step1(), doc.step2());
    await turnAndSync();
    told();
    clock.advance(60_000);
    expect(told().filter((words) => words.includes("token"))).toEqual([]);
    authorizer.grants[0]?.expiring();
    expect(told()).toContain("doc: asks for a token");
    await say(doc.auth("second"), doc.update(first));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1"]);
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true, false]);
    authorizer.grants[1]?.expiring();
    expect(told()).toContain("doc: asks for a token");
  });

  test("without being asked has its token looked at, and is not answered", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    await say(doc.auth("t"), doc.step1());
    told();
    await say(doc.auth("u"));
    expect(told()).toEqual([]);
    expect(authorizer.requests.map(({ token }) => token)).toEqual(["t", "u"]);
  });

  test("and is denied receives nothing more until it sends a better token", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denied);
    const { connect, turn, turnAndSync, store } = hocuspocusSessions({ authorizer });
    const [a, b] = [await connect("a"), await connect("b")];
    for (const { say } of [a, b]) await say(doc.auth("t"), doc.step1(), doc.step2());
    await turnAndSync();
    for (const { told } of [a, b]) told();
    // One of its own changes is in flight then.
    const release = store.holdSync();
    await a.say(doc.update(first));
    await turn();
    await a.say(doc.auth("bad"));
    release();
    await b.say(doc.update(second));
    await turnAndSync();
    expect(a.told()).toEqual(refused);
    await a.say(doc.auth("t"), doc.step2());
    await turnAndSync();
    expect(a.told()).toEqual([
      "doc: authenticated read-write",
      expect.stringMatching(/^doc: step1 /),
      expect.stringMatching(/^doc: step2 /),
      "doc: status 1",
    ]);
  });
});

describe("a read-only member", () => {
  test("is told that it is read-only, and which changes are refused", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("reader", "read");
    const { connect, store, turnAndSync } = hocuspocusSessions({ authorizer });
    const [writer, reader] = [await connect("writer"), await connect("reader")];
    await writer.say(doc.auth("t"), doc.step1(), doc.step2(first));
    await turnAndSync();
    await reader.say(doc.auth("reader"), doc.step1(), doc.step2(first));
    await turnAndSync();
    const told = reader.told();
    expect([told.at(0), told.at(-1)]).toEqual(["doc: authenticated readonly", "doc: status 1"]);
    await reader.say(doc.update(second), doc.update(first));
    await turnAndSync();
    expect(reader.told()).toEqual(["doc: status 0", "doc: status 1"]);
    await reader.say(doc.step1(), doc.step2(second), doc.step1(), doc.step2());
    await turnAndSync();
    expect(reader.told().filter((words) => words.includes("status"))).toEqual(["doc: status 0", "doc: status 1"]);
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("that gets write access is asked for the refused changes, and they are acknowledged", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("reader", "read");
    const { connect, store, turnAndSync } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    await say(doc.auth("reader"), doc.step1(), doc.step2(), doc.update(first), doc.update(second));
    await turnAndSync();
    expect(
      told()
        .filter((words) => words.includes("status"))
        .toSorted(),
    ).toEqual(["doc: status 0", "doc: status 0", "doc: status 1"]);
    await say(doc.auth("writer"));
    expect(told()).toEqual(["doc: authenticated read-write", "doc: step1 00"]);
    await say(doc.step2(first), doc.update(second));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1", "doc: status 1", "doc: status 1"]);
    expect(storedClocks(store)).toEqual([1, 1]);
  });
});
