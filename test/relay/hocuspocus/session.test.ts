import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { yWebsocketEncoding } from "../../../src/relay/y-websocket/session.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { countClocks, updatesOf } from "../../support/clients/raw-client.ts";
import { settled } from "../../support/eventually.ts";
import { authorizerThat, denied } from "../../support/fakes/fake-authorizer.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { hocuspocusSessions } from "../../support/servers/hocuspocus-sessions.ts";
import { submit } from "../../support/servers/room-parts.ts";
import { tuple } from "../../support/tuple.ts";

const [first, second, third] = tuple(
  3,
  updatesOf((doc) => {
    doc.clientID = 7;
    for (const character of "abc") doc.getText("t").insert(0, character);
  }),
);
const doc = providerFrames("doc");
const empty = ["doc: step1 00", "doc: step2 0000"];

describe("a provider that connects", () => {
  test("receives Authenticated, then SyncStep1, then SyncStep2, then awareness", async () => {
    const { connect } = hocuspocusSessions();
    const other = await connect("other");
    await other.say(doc.auth(), doc.step1(), doc.awareness(1, 1, { name: "Ada" }));
    const { say, told } = await connect("a");
    await say(doc.auth("token"), doc.step1(), doc.awareness(2, 1, { name: "Bob" }));
    expect(told()).toEqual([
      "doc: authenticated read-write",
      ...empty,
      'doc: awareness 1@1 {"name":"Ada"}, 2@1 {"name":"Bob"}',
      'doc: awareness 2@2 {"name":"Bob"}',
      "doc: asks who is there",
    ]);
  });

  test("is answered with the address that it uses itself", async () => {
    const { connect } = hocuspocusSessions();
    const { say, told } = await connect("a");
    const session = providerFrames("doc\0s1");
    await say(session.auth(), session.step1());
    expect(told()).toEqual(["doc#s1: authenticated read-write", "doc#s1: step1 00", "doc#s1: step2 0000"]);
  });

  test("may join without a token, as providers before version 3 do", async () => {
    const { connect } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.step1());
    expect(told()).toEqual(["doc: authenticated read-write", ...empty]);
  });

  test("gets an answer to a ping, and none to a pong", async () => {
    const { connect } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(Uint8Array.of(9), Uint8Array.of(10));
    expect(told()).toEqual(["pong"]);
  });
});

describe("an acknowledgement", () => {
  test("comes once per update, when it is on disk", async () => {
    const { connect, store, turn } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2());
    await turn();
    told();
    const release = store.holdSync();
    await say(doc.update(first), doc.update(second));
    await turn();
    expect([...countClocks(store.appended.flat().map(({ update }) => update)).values()]).toEqual([1, 1]);
    expect(told()).toEqual([]);
    release();
    await turn();
    expect(told()).toEqual(["doc: status 1", "doc: status 1"]);
  });

  test("names the document of its update, whatever documents the frames before belong to", async () => {
    const { connect, store, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    const all = ["doc", "do", "document"].map(providerFrames);
    for (const each of all) await say(each.auth(), each.step1(), each.step2());
    await turnAndSync();
    told();
    for (const each of all) await say(each.update(first), each.update(second));
    for (const each of all) await say(each.update(third));
    await turnAndSync();
    const statuses = ["doc", "do", "document"].flatMap((name) => Array(3).fill(`${name}: status 1`));
    expect(told().toSorted()).toEqual(statuses.toSorted());
    const stored = ["doc", "do", "document"].map((name) =>
      store.appended.flat().flatMap(({ document, update }) => (document === name ? [update] : [])),
    );
    for (const updates of stored) expect([...countClocks(updates).values()]).toEqual([1, 1, 1]);
    const [one] = all;
    await say(...(one === undefined ? [] : [one.close(), one.update(first)]));
    await turnAndSync();
    // The document is attached anew.
    expect(told()).toEqual(["doc: authenticated read-write", "doc: status 1"]);
  });

  test("is sent for updates that contain nothing, or nothing new", async () => {
    const { connect, store, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2(), doc.update(first));
    await turnAndSync();
    told();
    await say(doc.update(first), doc.update(Uint8Array.of(0, 0)));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1", "doc: status 1"]);
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("is sent for a SyncStep2, once for each SyncStep1 of the provider", async () => {
    const { connect, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2());
    await turnAndSync();
    expect(told()).toEqual(["doc: authenticated read-write", ...empty, "doc: status 1"]);
    // forceSync
    await say(doc.step1(), doc.step2(first));
    await turnAndSync();
    expect(told()).toEqual([...empty, "doc: status 1"]);
    await say(doc.step2(second));
    await turnAndSync();
    expect(told()).toEqual([]);
  });

  test("comes for updates that were refused for their size when they are brought again, once for each", async () => {
    const { connect, turnAndSync } = hocuspocusSessions({ limits: { documentBytes: 2_000 } });
    const { connection, say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2());
    await turnAndSync();
    told();
    const pasted = new Y.Doc();
    const [paste, typed, undone] = tuple(
      3,
      updatesOf(() => {
        pasted.getText("t").insert(0, "x".repeat(3_000));
        pasted.getText("t").insert(0, "typed");
        pasted.getText("t").delete(5, 3_000);
      }, pasted),
    );
    await say(doc.update(paste), doc.update(typed));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 0", "doc: status 0"]);
    await say(doc.update(undone));
    expect(told()).toEqual(["doc: step1 00", "doc: status 0"]);
    await say(doc.step2(Y.encodeStateAsUpdate(pasted)));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1", "doc: status 1", "doc: status 1"]);
    expect(connection.isOpen).toBe(true);
  });

  test("is not sent for a SyncStep2 that the server has asked for because of a gap", async () => {
    const { connect, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2());
    await turnAndSync();
    told();
    await say(doc.update(third));
    expect(told()).toEqual(["doc: step1 00"]);
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1"]);
    await say(doc.step2(Y.mergeUpdates([first, second, third])));
    await turnAndSync();
    expect(told()).toEqual([]);
  });

  test.each([
    ["once, for the sync, from a provider that counts anew at its start", doc.auth(), 1],
    ["for each from one of version 2, which counts on", doc.queryAwareness(), 3],
  ])("of updates that a forced sync overtakes comes %s", async (_, hello, acknowledgements) => {
    const { connect, store, turn, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(hello, doc.step1(), doc.step2());
    await turnAndSync();
    told();
    const release = store.holdSync();
    await say(doc.update(first), doc.update(second));
    await turn();
    await say(doc.step1(), doc.step2(second));
    release();
    await turnAndSync();
    expect(told().filter((words) => words === "doc: status 1")).toHaveLength(acknowledgements);
  });

  test("does not come while the store fails, and comes when it has recovered", async () => {
    const { connect, store, clock, turn, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2());
    await turnAndSync();
    told();
    store.fail("full");
    await say(doc.update(first));
    await turnAndSync();
    expect(told()).toEqual([]);
    store.recover();
    clock.advance(100);
    await turn();
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1"]);
  });
});

describe("the members of a document", () => {
  test("receive each other's updates, whatever their address and protocol", async () => {
    const { connect, rooms, turnAndSync } = hocuspocusSessions();
    const [plain, other, aware] = [await connect("plain"), await connect("other"), await connect("aware")];
    const session = providerFrames("doc\0s1");
    await plain.say(doc.auth(), doc.step1());
    await other.say(doc.auth(), doc.step1());
    await aware.say(session.auth(), session.step1());
    const { room } = await rooms.acquire("doc");
    const connection = new FakeConnection("y-websocket");
    const member = { connection, encoding: yWebsocketEncoding, access: "write" } as const;
    room.join(member);
    void room.sync(member, Uint8Array.of(0));
    for (const each of [plain, other, aware]) each.told();
    connection.take();
    await plain.say(doc.update(first));
    void submit(room, member, { update: second });
    await aware.say(session.update(third));
    await turnAndSync();
    const [one, two, three] = [first, second, third].map((update) => update.toHex());
    expect(plain.told()).toEqual([`doc: update ${two}`, `doc: update ${three}`, "doc: status 1"]);
    expect(other.told()).toEqual([`doc: update ${one}`, `doc: update ${two}`, `doc: update ${three}`]);
    expect(aware.told()).toEqual([`doc#s1: update ${one}`, `doc#s1: update ${two}`, "doc#s1: status 1"]);
    expect(connection.take()).toHaveLength(2);
  });

  test("receive each other's updates also when one connection carries them", async () => {
    const { connect, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    const [one, two] = [providerFrames("doc\0one"), providerFrames("doc\0two")];
    await say(one.auth(), one.step1(), two.auth(), two.step1());
    told();
    await say(one.update(first));
    await turnAndSync();
    expect(told()).toEqual([`doc#two: update ${first.toHex()}`, "doc#one: status 1"]);
  });

  test("are told that one has removed its own state", async () => {
    const { connect, clock } = hocuspocusSessions();
    const [a, b] = [await connect("a"), await connect("b")];
    await a.say(doc.auth(), doc.step1(), doc.awareness(1, 1, { name: "Ada" }));
    await b.say(doc.auth(), doc.step1(), doc.awareness(2, 1, { name: "Bob" }));
    clock.advance(1_000);
    b.told();
    await a.say(doc.awareness(1, 9, null));
    clock.advance(1_000);
    expect(b.told()).toEqual(["doc: awareness 1@9 null"]);
  });

  test("get an answer to an awareness query", async () => {
    const { connect, clock } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.awareness(1, 1, { name: "Ada" }));
    clock.advance(1_000);
    told();
    await say(doc.queryAwareness());
    expect(told()).toEqual(['doc: awareness 1@1 {"name":"Ada"}']);
  });

  test("receive nothing more after detaching the document; their other documents are not affected", async () => {
    const { connect, turnAndSync } = hocuspocusSessions();
    const [a, b] = [await connect("a"), await connect("b")];
    const other = providerFrames("other");
    await a.say(doc.auth(), doc.step1(), other.auth(), other.step1());
    await b.say(doc.auth(), doc.step1(), other.auth(), other.step1());
    await a.say(doc.close());
    a.told();
    await b.say(doc.update(first), other.update(first));
    await turnAndSync();
    expect(a.told()).toEqual([`other: update ${first.toHex()}`]);
  });

  test("may detach and attach a document without waiting", async () => {
    const { connect, turnAndSync } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.update(first), doc.close(), doc.auth(), doc.step1());
    await turnAndSync();
    await say(doc.step1());
    expect(told().at(-1)).toBe(`doc: step2 ${first.toHex()}`);
  });

  test("receive everything of a client that disconnects at once", async () => {
    const { connect, store, turnAndSync } = hocuspocusSessions();
    const { session, leave } = await connect("a");
    void session.receive(doc.auth());
    void session.receive(doc.step1());
    void session.receive(doc.update(first));
    leave();
    await settled();
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(1);
  });
});

describe("a stateless message", () => {
  test("goes to the other members whose protocol has stateless messages", async () => {
    const { connect, rooms } = hocuspocusSessions();
    const [a, b, elsewhere] = [await connect("a"), await connect("b"), await connect("elsewhere")];
    const other = providerFrames("other");
    await a.say(doc.auth(), doc.step1());
    await b.say(doc.auth(), doc.step1());
    await elsewhere.say(other.auth(), other.step1());
    for (const each of [a, b, elsewhere]) each.told();
    await a.say(doc.stateless("hello"));
    expect([a.told(), b.told(), elsewhere.told()]).toEqual([[], ["doc: stateless hello"], []]);
    const { room } = await rooms.acquire("doc");
    void room.broadcastStateless("from the server");
    expect([a.told(), b.told()]).toEqual([["doc: stateless from the server"], ["doc: stateless from the server"]]);
  });

  test("over the rate waits, and holds up no edit", async () => {
    const { connect, clock, turnAndSync } = hocuspocusSessions({
      limits: { statelessBurst: 2, statelessPerSecond: 10 },
    });
    const [a, b] = [await connect("a"), await connect("b")];
    await a.say(doc.auth(), doc.step1());
    await b.say(doc.auth(), doc.step1());
    b.told();
    await a.say(doc.stateless("1"), doc.stateless("2"), doc.stateless("3"), doc.update(first));
    await turnAndSync();
    expect(b.told()).toEqual(["doc: stateless 1", "doc: stateless 2", `doc: update ${first.toHex()}`]);
    clock.advance(100);
    await settled();
    expect(b.told()).toEqual(["doc: stateless 3"]);
  });

  test("of many characters waits until those before it are within the rate of its connection", async () => {
    const limits = { statelessLength: 1_000, statelessCharactersPerSecond: 1_000 };
    const { connect, clock } = hocuspocusSessions({ limits });
    const [a, b, c] = [await connect("a"), await connect("b"), await connect("c")];
    for (const each of [a, b, c]) await each.say(doc.auth(), doc.step1());
    b.told();
    await a.say(doc.stateless("x".repeat(900)), doc.stateless("y".repeat(600)), doc.stateless("z"));
    // The rate is that of one connection.
    await c.say(doc.stateless("w".repeat(900)));
    expect(b.told().map((words) => words.at(-1))).toEqual(["x", "w"]);
    clock.advance(499);
    await settled();
    expect(b.told()).toEqual([]);
    clock.advance(1);
    await settled();
    clock.advance(1);
    await settled();
    expect(b.told().map((words) => words.at(-1))).toEqual(["y", "z"]);
  });

  test("waits also for the rate of all connections together, and a short one not for the long ones", async () => {
    const limits = { statelessLength: 1_000, statelessDocumentCharactersPerSecond: 1_000 };
    const { connect, clock } = hocuspocusSessions({ limits });
    const [a, b, c] = [await connect("a"), await connect("b"), await connect("c")];
    for (const each of [a, b, c]) await each.say(doc.auth(), doc.step1());
    b.told();
    await a.say(doc.stateless("x".repeat(1_000)), doc.stateless("y".repeat(1_000)));
    await c.say(doc.stateless("w"));
    expect(b.told().map((words) => words.at(-1))).toEqual(["x"]);
    clock.advance(1);
    await settled();
    expect(b.told()).toEqual(["doc: stateless w"]);
    for (let wait = 0; wait < 5; wait += 1) {
      clock.advance(1_000);
      await settled();
    }
    expect(b.told().map((words) => words.at(-1))).toEqual(["y"]);
  });

  test("over the rate holds up the frames behind it while too many bytes wait", async () => {
    const { connect, clock, store, turnAndSync } = hocuspocusSessions({
      limits: { statelessBurst: 1, statelessPerSecond: 10, attachmentInboxBytes: 1_000 },
    });
    const a = await connect("a");
    const messages = Array.from({ length: 10 }, (_, index) => doc.stateless(`${index}`));
    await a.say(doc.auth(), doc.step1(), ...messages, doc.update(first));
    await turnAndSync();
    expect(store.appended.flat()).toEqual([]);
    for (let message = 0; message < 10; message += 1) {
      clock.advance(100);
      for (let task = 0; task < 3; task += 1) await settled();
    }
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("over the rate is dropped when its client disconnects, and the frames behind it are handled", async () => {
    const limits = { statelessBurst: 1, attachmentInboxBytes: 1_000 };
    const { connect, rooms, store, clock, turnAndSync } = hocuspocusSessions({ limits });
    const { say, leave } = await connect("a");
    const beyond = Array.from({ length: 300 }, (_, index) => doc.stateless(`${index}`));
    await say(doc.auth(), doc.step1(), ...beyond, doc.update(first));
    expect(store.appended).toEqual([]);
    leave();
    for (let task = 0; task < 10; task += 1) await settled();
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(1);
    clock.advance(10_000);
    expect(rooms.size).toBe(0);
  });

  test("that is too long is dropped and counted, and the session goes on", async () => {
    const { connect, metrics, store, turnAndSync } = hocuspocusSessions({ limits: { statelessLength: 5 } });
    const other = await connect("other");
    await other.say(doc.auth(), doc.step1());
    other.told();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1());
    told();
    await say(doc.stateless("123456"), doc.stateless("12345"), doc.update(first));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1"]);
    expect(other.told()).toEqual(["doc: stateless 12345", `doc: update ${first.toHex()}`]);
    expect(store.appended.flat()).toHaveLength(1);
    const { values } = await metrics.droppedMessages.get();
    expect(values).toMatchObject([{ labels: { bound: "limits.stateless-length" }, value: 1 }]);
  });
});

describe("a frame", () => {
  test.each([
    ["text", "hello"],
    ["nothing", Uint8Array.of()],
    ["one byte that is no ping", Uint8Array.of(3)],
    ["a message of an unknown type", Uint8Array.of(3, 0x64, 0x6f, 0x63, 11, 1)],
    ["an authentication message of an unknown type", Uint8Array.of(3, 0x64, 0x6f, 0x63, 2, 7, 1)],
    ["a sync message of an unknown type", Uint8Array.of(3, 0x64, 0x6f, 0x63, 0, 3, 0)],
    ["a sync reply between servers", Uint8Array.of(3, 0x64, 0x6f, 0x63, 4, 0, 1, 0)],
  ])("with %s is ignored and counted, before authentication and after it", async (_, frame) => {
    const { connect, metrics, turnAndSync } = hocuspocusSessions();
    const { connection, say, told } = await connect("a");
    await say(frame);
    expect(told()).toEqual([]);
    await say(doc.auth(), frame, doc.step1(), frame);
    told();
    await say(doc.update(first));
    await turnAndSync();
    expect(told()).toEqual(["doc: status 1"]);
    expect(connection.isOpen).toBe(true);
    const { values } = await metrics.ignoredMessages.get();
    expect(values).toEqual([{ labels: { protocol: "hocuspocus" }, value: 3 }]);
  });

  test("of an unknown type attaches no document", async () => {
    const { clock, connect } = hocuspocusSessions();
    const { connection, say, told } = await connect("a");
    const other = providerFrames("other");
    await say(other.auth(), other.step1(), Uint8Array.of(3, 0x64, 0x6f, 0x63, 11, 1));
    told();
    clock.advance(15_000);
    expect([connection.isOpen, told().filter((words) => words.startsWith("doc"))]).toEqual([true, []]);
  });

  test("of an unknown type does not keep a client from the deadline of its authentication", async () => {
    const { clock, connect } = hocuspocusSessions({ authorizer: authorizerThat(() => new Promise(() => {})) });
    const { connection, say } = await connect("a");
    const unknown = Uint8Array.of(3, 0x64, 0x6f, 0x63, 11, 1);
    await say(doc.auth());
    for (let seconds = 0; seconds < 15; seconds += 1) {
      await say(unknown);
      clock.advance(1_000);
    }
    expect(connection.isOpen).toBe(false);
  });
});

describe("a malformed frame", () => {
  test.each([
    ["a broadcast that is the servers' own", Uint8Array.of(3, 0x64, 0x6f, 0x63, 6, 1, 0x61)],
    ["an update that is none", doc.update(Uint8Array.of(1, 2, 3))],
    ["awareness that is none", Uint8Array.of(3, 0x64, 0x6f, 0x63, 1, 2, 9, 9)],
    ["a state vector that is none", doc.step1(Uint8Array.of(9))],
  ])("with %s refuses the document alone, for good", async (_, frame) => {
    const { connect, store, turnAndSync } = hocuspocusSessions();
    const { connection, say, told } = await connect("a");
    const other = providerFrames("other");
    await say(doc.auth(), doc.step1(), other.auth(), other.step1());
    told();
    await say(frame);
    expect(told().slice(-2)).toEqual([expect.stringMatching(/^doc: denied malformed-frame: ./), "doc: status 0"]);
    await say(doc.update(first), doc.stateless("x"), frame, other.update(first));
    await turnAndSync();
    expect(told().filter((words) => words !== "doc: awareness ")).toEqual(["other: status 1"]);
    expect(store.appended.flat()).toHaveLength(1);
    await say(doc.auth());
    expect(told()).toEqual([expect.stringMatching(/^doc: denied malformed-frame: ./), "doc: status 0"]);
    // A provider that receives no frame reconnects.
    await say(doc.awareness(1, 1, {}), Uint8Array.of(3, 0x64, 0x6f, 0x63, 1, 2, 9, 9));
    expect(told()).toEqual(["doc: awareness ", "doc: awareness "]);
    await say(doc.close(), doc.auth(), doc.step1());
    expect(told()).toEqual(["doc: authenticated read-write", ...empty]);
    expect(connection.isOpen).toBe(true);
  });

  test.each([
    ["an address that cannot be read", Uint8Array.of(200, 1)],
    ["an address alone", Uint8Array.of(3, 0x64, 0x6f, 0x63)],
  ])("with %s ends the session", async (_, frame) => {
    const { connect } = hocuspocusSessions();
    const { session } = await connect("a");
    expect(() => session.receive(frame)).toThrow(SessionError);
  });

  test.each([
    ["no name", ""],
    ["a control character", "a\nb"],
    ["257 bytes", "x".repeat(257)],
  ])("whose document's name has %s refuses that document", async (_, name) => {
    const { connect, rooms } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(providerFrames(name).auth(), providerFrames(name).step1());
    const refused = [
      expect.stringContaining(": denied malformed-frame: the name"),
      expect.stringContaining(": status 0"),
    ];
    expect(told()).toEqual([...refused, ...refused]);
    expect(rooms.size).toBe(0);
  });

  test("whose document's name is at fault is refused also when it waits behind a Close message", async () => {
    const { connect, rooms } = hocuspocusSessions();
    const { connection, say, told } = await connect("a");
    const { auth, close, update } = providerFrames("x".repeat(257));
    connection.turns.isOver = true;
    await say(auth(), close(), auth(), close(), update(first));
    connection.turns.next();
    await settled();
    const refused = [
      expect.stringContaining(": denied malformed-frame: the name"),
      expect.stringContaining(": status 0"),
    ];
    expect(told()).toEqual([...refused, ...refused, ...refused, ...refused, ...refused]);
    expect(rooms.size).toBe(0);
  });

  test("does not keep the client from detaching and attaching the document, even when decoded late", async () => {
    const { connect } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), doc.step1(Uint8Array.of(9)), doc.update(first), doc.close(), doc.auth(), doc.step1());
    expect(told()).toEqual([
      "doc: authenticated read-write",
      "doc: step1 00",
      expect.stringMatching(/^doc: denied malformed-frame/),
      "doc: status 0",
      "doc: authenticated read-write",
      ...empty,
    ]);
  });

  test("that is too large refuses the document", async () => {
    const { connect } = hocuspocusSessions();
    const { session, told } = await connect("a");
    await session.oversized?.(doc.update(first), "limits.relay-frame-bytes: a frame of 9 bytes");
    const refusal = "frame-too-large: limits.relay-frame-bytes: a frame of 9 bytes";
    expect(told()).toEqual([`doc: denied ${refusal}`, "doc: status 0"]);
  });

  test("that is too large is dropped if it carries presence or a stateless message", async () => {
    const { connect, metrics } = hocuspocusSessions();
    const { session, say, told } = await connect("a");
    await say(doc.auth(), doc.step1());
    told();
    const detail = "limits.relay-frame-bytes: a frame of 9 bytes";
    await session.oversized?.(doc.awareness(1, 1, {}), detail);
    await session.oversized?.(doc.stateless("x"), detail);
    await say(doc.queryAwareness());
    expect(told()).toEqual([]);
    const { values } = await metrics.droppedMessages.get();
    expect(values).toMatchObject([{ labels: { bound: "limits.relay-frame-bytes" }, value: 2 }]);
  });

  test("is reported after a hundred unanswered syncs", async () => {
    const { connect } = hocuspocusSessions();
    const { say, told } = await connect("a");
    await say(doc.auth(), ...Array.from({ length: 100 }, () => doc.step1()));
    expect(told().at(-1)).toBe("doc: step1 00");
    await say(doc.step1());
    expect(told()).toEqual([expect.stringMatching(/^doc: denied malformed-frame/), "doc: status 0"]);
  });
});

describe("a connection", () => {
  test("carries a limited number of documents", async () => {
    const { connect, turnAndSync } = hocuspocusSessions({ limits: { documentsPerConnection: 3 } });
    const { connection, say, told } = await connect("a");
    for (const name of ["1", "2", "3"]) await say(providerFrames(name).auth(), providerFrames(name).step1());
    told();
    const fourth = providerFrames("4");
    await say(fourth.auth(), fourth.step1(), fourth.update(first));
    expect(told()).toEqual([
      "4: denied forbidden: limits.documents-per-connection: more than 3 documents",
      "4: status 0",
    ]);
    await say(providerFrames("1").update(first), providerFrames("2").close(), fourth.auth());
    await turnAndSync();
    expect(told()).toEqual(["4: authenticated read-write", "1: status 1"]);
    expect(connection.isOpen).toBe(true);
  });

  test("is admitted by its first document, not by messages without one or by a denial", async () => {
    const authorizer = authorizerThat(async ({ room }) => (room === "mine" ? new FakeGrant("write") : denied));
    const { connect } = hocuspocusSessions({ authorizer });
    const { connection, say } = await connect("a");
    await say(Uint8Array.of(9), Uint8Array.of(0, 9), providerFrames("yours").auth("token"));
    expect(connection.isAdmitted).toBe(false);
    await say(providerFrames("mine").auth("token"));
    expect(connection.isAdmitted).toBe(true);
  });

  test("shares the number of its documents with the others of its address", async () => {
    const { connect } = hocuspocusSessions({ limits: { documentsPerAddress: 3 } });
    const [first, second, elsewhere] = [await connect("a"), await connect("b"), await connect("c", { address: "::1" })];
    const attach = async ({ say, told }: typeof first, name: string) => {
      await say(providerFrames(name).auth());
      return told();
    };
    for (const name of ["1", "2"]) await attach(first, name);
    await attach(second, "1");
    const refused = ["4: denied forbidden: limits.documents-per-address: more than 3 documents", "4: status 0"];
    expect([await attach(first, "4"), await attach(second, "4")]).toEqual([refused, refused]);
    expect(await attach(elsewhere, "4")).toEqual(["4: authenticated read-write"]);
    await first.say(providerFrames("1").close());
    expect(await attach(second, "4")).toEqual(["4: authenticated read-write"]);
    expect(await attach(second, "5")).toEqual([expect.stringContaining("documents-per-address"), "5: status 0"]);
    await first.leave();
    expect(await attach(second, "5")).toEqual(["5: authenticated read-write"]);
    expect(await attach(second, "6")).toEqual([expect.stringContaining("documents-per-address"), "6: status 0"]);
  });

  test("that is not read is sent no further document before it has taken the previous ones", async () => {
    const { connect } = hocuspocusSessions({ limits: { outboxBytes: 4_000 } });
    const { connection, say, told } = await connect("a");
    const other = providerFrames("other");
    connection.unsentBytes = 1_001;
    await say(doc.auth(), doc.step1(), other.auth(), other.step1());
    const answers = () => told().filter((words) => words.includes("step2"));
    expect(answers()).toEqual([]);
    // Other frames have been queued meanwhile.
    connection.drainPartly();
    await settled();
    expect(answers()).toEqual([]);
    connection.drain();
    await settled();
    expect(answers()).toEqual(["doc: step2 0000", "other: step2 0000"]);
  });

  test("that is not read and disconnects leaves nothing behind", async () => {
    const { connect, rooms, clock } = hocuspocusSessions({ limits: { outboxBytes: 4_000 } });
    const { connection, say, leave } = await connect("a");
    connection.unsentBytes = 1_001;
    await say(doc.auth(), doc.step1());
    leave();
    await settled();
    clock.advance(10_000);
    expect(rooms.size).toBe(0);
  });

  test("closes when it has no document for a minute", async () => {
    const { connect, clock } = hocuspocusSessions();
    const [idle, busy] = [await connect("idle"), await connect("busy")];
    clock.advance(30_000);
    await busy.say(doc.auth(), doc.step1());
    clock.advance(29_999);
    expect(idle.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(idle.connection.closeReason).toEqual({ code: 4408, name: "timeout" });
    clock.advance(600_000);
    await busy.say(doc.close());
    clock.advance(59_999);
    expect(busy.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(busy.connection.closeReason?.name).toBe("timeout");
  });

  test("closes when the store gives up, since reconnecting helps", async () => {
    const { connect, store, turnAndSync } = hocuspocusSessions();
    const { connection, say } = await connect("a");
    await say(doc.auth(), doc.step1());
    store.fail("corrupt");
    await say(doc.update(first));
    await turnAndSync();
    expect(connection.closeReason?.name).toBe("storage-unavailable");
  });

  test("closes when a document cannot be loaded, and is not refused", async () => {
    const { connect, store } = hocuspocusSessions();
    const { connection, say, told } = await connect("a");
    store.fail("unavailable");
    await say(doc.auth(), doc.step1());
    expect(connection.closeReason?.name).toBe("storage-unavailable");
    expect(told()).toEqual([]);
  });

  test("leaves nothing behind", async () => {
    const { connect, clock } = hocuspocusSessions();
    const before = clock.pendingTimers;
    const { say, leave } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.awareness(1, 1, {}));
    leave();
    // The room lingers, then closes.
    clock.advance(60_000);
    expect(clock.pendingTimers).toBe(before);
  });
});

describe("a provider of whose updates many wait for the store", () => {
  const setUp = async () => {
    const { connect, store, turnAndSync } = hocuspocusSessions({ limits: { waitingWritesPerConnection: 2 } });
    const { connection, say, told, leave } = await connect("a");
    await say(doc.auth(), doc.step1(), doc.step2());
    await turnAndSync();
    told();
    const release = store.hold();
    // The third is of the commonest shape, and read in place.
    await say(...[8, 9].map((client) => doc.update(bringing(client, 0, 1))), doc.update(first));
    return { connection, store, turnAndSync, release, told, leave };
  };

  test("waits with the next one, and gets an acknowledgement for each", async () => {
    const { connection, store, turnAndSync, release, told } = await setUp();
    expect(connection.spent.writes).toBe(2);
    release();
    await turnAndSync();
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(3);
    expect(told()).toEqual(Array(3).fill("doc: status 1"));
  });

  test("is taken at its word when it disconnects meanwhile", async () => {
    const { store, turnAndSync, release, leave } = await setUp();
    leave();
    release();
    await turnAndSync();
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(3);
  });
});
