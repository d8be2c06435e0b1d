import { describe, expect, test } from "bun:test";
import type { Denial } from "../../../src/auth/authorizer.ts";
import { providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { hocuspocusWriter } from "../../support/clients/hocuspocus-writer.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { settled } from "../../support/eventually.ts";
import { authorizerThat, FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { hocuspocusSessions } from "../../support/servers/hocuspocus-sessions.ts";
import { tuple } from "../../support/tuple.ts";

const [first, second, third] = tuple(
  3,
  updatesOf((document) => {
    document.clientID = 7;
    for (const character of "abc") document.getText("t").insert(0, character);
  }),
);
const doc = providerFrames("doc");
const expired: Denial = { granted: false, kind: "expired", code: "expired", reason: "permission expired" };
const early: Denial = { granted: false, kind: "early", code: "not-yet-valid", reason: "token not yet valid" };
const revoked: Denial = { granted: false, kind: "unauthorized", code: "revoked", reason: "permission revoked" };
const forbidden: Denial = { granted: false, kind: "forbidden", code: "wrong-room", reason: "this room is not yours" };
const unavailable: Denial = { granted: false, kind: "unavailable", code: "unavailable", reason: "nobody answers" };
const toldRevoked = ["doc: denied unauthorized: permission revoked", "doc: status 0"];
const applied = "doc: status 1";
const refused = "doc: status 0";

describe("a grant that ends", () => {
  test("ends the membership: nothing is taken or sent, and a new token resumes where it ended", async () => {
    const { say, told, connect, connection, store, grantAt, turnAndSync } = await hocuspocusWriter();
    const other = await connect("b");
    await other.say(doc.auth("u"), doc.step1(), doc.step2());
    await turnAndSync();
    other.told();
    grantAt(0).end(revoked);
    expect(told()).toEqual(toldRevoked);
    await say(doc.update(second), doc.stateless("x"));
    await other.say(doc.update(first), doc.stateless("y"));
    await turnAndSync();
    expect(told()).toEqual([]);
    expect(other.told()).toEqual([applied]);
    expect(store.appended.flat()).toHaveLength(1);
    expect([connection.isOpen, grantAt(0).isReleased]).toEqual([true, true]);
    await say(doc.auth("new"), doc.step2(second));
    await turnAndSync();
    expect(told()).toEqual([
      "doc: authenticated read-write",
      expect.stringMatching(/^doc: step1 /),
      expect.stringMatching(/^doc: step2 /),
      applied,
    ]);
    expect(store.appended.flat()).toHaveLength(2);
  });

  test("for good is reported as forbidden", async () => {
    const { told, grantAt } = await hocuspocusWriter();
    grantAt(0).end(forbidden);
    expect(told()).toEqual(["doc: denied forbidden: this room is not yours", refused]);
  });

  test.each([
    [unavailable, { code: 1013, name: "authorization-unavailable" }],
    [expired, { code: 4501, name: "grant-expired" }],
  ])("for a reason that may pass closes the connection, since reconnecting helps: %j", async (denial, reason) => {
    const { told, connection, grantAt } = await hocuspocusWriter();
    grantAt(0).end(denial);
    expect(told()).toEqual([]);
    expect([connection.closeReason, connection.refusal]).toEqual([reason, denial.reason]);
    expect(grantAt(0).isReleased).toBe(true);
  });

  test("while a new token is being looked at closes nothing", async () => {
    const { say, told, connection, authorizer, grantAt } = await hocuspocusWriter();
    const release = authorizer.hold();
    await say(doc.auth("new"));
    grantAt(0).end(expired);
    release();
    await settled();
    expect([connection.isOpen, told()[0]]).toEqual([true, "doc: authenticated read-write"]);
  });

  test("loses no acknowledgement that is pending for updates, a sync that has begun, or refused changes", async () => {
    const { say, statuses, store, grantAt, turn, turnAndSync } = await hocuspocusWriter();
    const release = store.holdSync();
    await say(doc.update(first));
    await turn();
    grantAt(0).change("read");
    await say(doc.update(second), doc.update(third));
    grantAt(0).end(revoked);
    release();
    await turnAndSync();
    expect(statuses()).toEqual([refused, refused, refused]);
    await say(doc.auth("new"), doc.step2(third));
    await turnAndSync();
    expect(statuses()).toEqual([applied, applied, applied]);
    await say(doc.step1());
    grantAt(1).end(revoked);
    await say(doc.step2());
    expect(statuses()).toEqual([refused]);
    await say(doc.auth("newer"), doc.step2());
    await turnAndSync();
    expect(statuses()).toEqual([applied]);
  });

  test("ends the membership of a client that does not read, and the answers it waits for are not sent", async () => {
    const { say, told, connection, grantAt } = await hocuspocusWriter({ limits: { outboxBytes: 4_000 } });
    connection.unsentBytes = 1_001;
    await say(doc.step1());
    told();
    grantAt(0).end(revoked);
    expect(told()).toEqual(toldRevoked);
    await settled();
    expect(told()).toEqual([]);
    // Its next frame does not wait either.
    connection.unsentBytes = 0;
    await say(doc.auth("new"));
    expect(told()).toContain("doc: authenticated read-write");
  });

  test("ends the membership while stateless messages over the rate wait, and none of them is sent", async () => {
    const { say, told, connect, clock, grantAt } = await hocuspocusWriter({ limits: { statelessBurst: 1 } });
    const other = await connect("b");
    await other.say(doc.auth("u"), doc.step1());
    other.told();
    await say(doc.stateless("1"), doc.stateless("2"), doc.stateless("3"));
    grantAt(0).end(revoked);
    expect(told()).toEqual(toldRevoked);
    await settled();
    clock.advance(1_000);
    await settled();
    expect(other.told()).toEqual(["doc: stateless 1"]);
  });

  test("ends the membership while the document is loaded for an update, which is not taken", async () => {
    const { say, told, store, memory, rooms, clock, grantAt, turnAndSync } = await hocuspocusWriter();
    await say(doc.update(first));
    await turnAndSync();
    clock.advance(15_000);
    told();
    expect(memory.bytes).toBe(0);
    const release = store.holdLoad();
    // The deleted ranges are no longer in memory, so the update has to load the document.
    await say(doc.update(deletion()));
    expect(told()).toEqual([]);
    grantAt(0).end(revoked);
    expect(told()).toEqual(toldRevoked);
    // The room stays open while the update waits.
    clock.advance(10_000);
    expect(rooms.size).toBe(1);
    release();
    for (let task = 0; task < 5; task += 1) await settled();
    await turnAndSync();
    expect(told()).toEqual([]);
    expect(store.appended.flat()).toHaveLength(1);
    clock.advance(10_000);
    expect(rooms.size).toBe(0);
  });

  test("when it is first watched lets no client join", async () => {
    const grant = new FakeGrant();
    const watch = grant.watch.bind(grant);
    let watched = 0;
    grant.watch = (watcher) => {
      watched += 1;
      if (watched === 2) grant.end(revoked);
      watch(watcher);
    };
    const { connect, rooms, clock } = hocuspocusSessions({ authorizer: authorizerThat(async () => grant) });
    const { say, told } = await connect("a");
    await say(doc.auth("t"), doc.step1());
    expect([told(), grant.isReleased]).toEqual([toldRevoked, true]);
    clock.advance(10_000);
    expect(rooms.size).toBe(0);
  });

  test("while its document is opened denies the provider, and the room is released", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, store, clock, rooms } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    const release = store.holdLoad();
    await say(doc.auth("t"), doc.step1());
    authorizer.grants[0]?.end(revoked);
    await settled();
    expect(told()).toEqual(toldRevoked);
    release();
    await settled();
    expect(told()).toEqual([]);
    clock.advance(10_000);
    expect(rooms.size).toBe(0);
    await say(doc.auth("new"));
    expect(told()).toEqual(["doc: authenticated read-write", "doc: step1 00", "doc: step2 0000"]);
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true, false]);
  });
});

describe("a new token", () => {
  test("that comes in time leaves no gap, and every acknowledgement is sent", async () => {
    const { say, told, statuses, store, authorizer, grantAt, turn, turnAndSync } = await hocuspocusWriter();
    grantAt(0).expiring();
    expect(told()).toEqual(["doc: asks for a token"]);
    const release = store.holdSync();
    await say(doc.update(first), doc.auth("new"), doc.update(second));
    await turn();
    // The provider does not wait for an answer, and an application that sends a token on each would never stop.
    expect(told()).toEqual([]);
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true, false]);
    release();
    await turnAndSync();
    expect(statuses()).toEqual([applied, applied]);
    grantAt(0).end(revoked);
    await say(doc.update(third));
    await turnAndSync();
    expect(told()).toEqual([applied]);
  });

  test.each([
    ["good", ["doc: authenticated read-write", "doc: step1 00", "doc: step2 0000"], 1],
    ["bad", toldRevoked, 0],
  ])(
    "that is %s and being looked at when the grant ends is what the provider is told of",
    async (token, says, stored) => {
      const { say, told, store, authorizer, grantAt, turnAndSync } = await hocuspocusWriter();
      authorizer.decide("bad", revoked);
      const release = authorizer.hold();
      await say(doc.auth(token), doc.update(first));
      grantAt(0).end(revoked);
      await settled();
      await turnAndSync();
      expect([told(), store.attempts]).toEqual([[], 0]);
      release();
      await settled();
      expect(told()).toEqual(says);
      await turnAndSync();
      expect(store.attempts).toBe(stored);
    },
  );

  test("is asked for again as the end comes nearer, unless the answer would come too late", async () => {
    let expiresAt = 0;
    const grants: FakeGrant[] = [];
    const authorizer = authorizerThat(async () => {
      const grant = new FakeGrant("write", { expiresAt });
      grants.push(grant);
      return grant;
    });
    const { connect, clock } = hocuspocusSessions({ authorizer });
    const startedAt = clock.now();
    expiresAt = startedAt + 60_000;
    const { say, told } = await connect("a");
    await say(doc.auth("t"));
    const asksAt = async (time: number) => {
      clock.advance(startedAt + time - clock.now());
      told();
      grants.at(-1)?.expiring();
      const asks = told();
      if (asks.length > 0) await say(doc.auth("t"));
      return asks;
    };
    expect(await asksAt(45_000)).toEqual(["doc: asks for a token"]);
    expect(await asksAt(59_000)).toEqual(["doc: asks for a token"]);
    expect(await asksAt(59_001)).toEqual([]);
    const late = await connect("late");
    await late.say(doc.auth("t"));
    late.told();
    grants.at(-1)?.expiring();
    expect(late.told()).toEqual(["doc: asks for a token"]);
  });

  test.each([
    [unavailable, "authorization-unavailable"],
    [early, "not-yet-valid"],
  ])(
    "closes the connection if it may be granted later, for a new client and for a member: %j",
    async (denial, name) => {
      const { say, told, connect, authorizer, connection, grantAt } = await hocuspocusWriter();
      authorizer.decide("later", denial);
      const other = await connect("other");
      await other.say(doc.auth("later"), doc.step1());
      await say(doc.auth("later"));
      for (const each of [other.connection, connection]) expect(each.closeReason?.name).toBe(name);
      expect([told(), other.told(), grantAt(0).isReleased]).toEqual([[], [], true]);
    },
  );

  test("is not answered unless it changes the access", async () => {
    const { say, told, authorizer } = await hocuspocusWriter();
    authorizer.decide("reader", "read");
    await say(doc.auth("new"), doc.auth("newer"));
    expect(told()).toEqual([]);
    await say(doc.auth("reader"), doc.auth("reader"));
    expect(told()).toEqual(["doc: authenticated readonly"]);
    await say(doc.auth("new"));
    expect(told()).toEqual(["doc: authenticated read-write", expect.stringMatching(/^doc: step1 /)]);
    expect(authorizer.grants.filter(({ isReleased }) => !isReleased)).toHaveLength(1);
  });

  test("is the one of the Authentication message, else the one of the handshake", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect } = hocuspocusSessions({ authorizer });
    const url = new URL("ws://x/collab?token=url");
    const shown = { origin: "https://app.example", headerToken: "header" };
    for (const handshake of [{ ...shown, url }, shown, {}]) {
      const { say } = await connect("a", handshake);
      await say(doc.auth(), providerFrames("1").auth("own"), providerFrames("2").step1());
    }
    expect(authorizer.requests.map(({ token }) => token)).toEqual([
      ...["url", "own", "url"],
      ...["header", "own", "header"],
      ...[undefined, "own", undefined],
    ]);
    expect(authorizer.requests[0]?.origin).toBe("https://app.example");
  });
});

describe("a grant that changes", () => {
  test("to read refuses later updates, and none that was taken before", async () => {
    const { say, told, statuses, store, grantAt, turn, turnAndSync } = await hocuspocusWriter();
    const release = store.holdSync();
    await say(doc.update(first));
    await turn();
    grantAt(0).change("read");
    await say(doc.update(second), doc.update(first));
    expect(told()).toEqual(["doc: authenticated readonly", refused]);
    release();
    await turnAndSync();
    expect(statuses()).toEqual([applied, applied]);
    expect(store.appended.flat()).toHaveLength(1);
    grantAt(0).change("write");
    expect(told()).toEqual(["doc: authenticated read-write", expect.stringMatching(/^doc: step1 /)]);
    await say(doc.step2(second));
    await turnAndSync();
    expect(told()).toEqual([applied]);
    expect(store.appended.flat()).toHaveLength(2);
  });

  test("back and forth before the provider answers acknowledges no refused change", async () => {
    const { say, statuses, grantAt, turnAndSync } = await hocuspocusWriter();
    grantAt(0).change("read");
    await say(doc.update(first));
    grantAt(0).change("write");
    grantAt(0).change("read");
    await say(doc.step2(first));
    await turnAndSync();
    expect(statuses()).toEqual([refused, refused]);
    grantAt(0).change("write");
    await say(doc.step2(first));
    await turnAndSync();
    expect(statuses()).toEqual([applied]);
  });

  test("again and again stops asking when the provider never answers", async () => {
    const { told, grantAt } = await hocuspocusWriter();
    for (let change = 0; change < 150; change += 1) {
      grantAt(0).change("read");
      grantAt(0).change("write");
    }
    expect(told().filter((words) => words.startsWith("doc: step1 "))).toHaveLength(100);
  });

  test("counts the changes refused before a sync for version 2, which does not reset its count", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide(undefined, "read");
    const { connect, turnAndSync } = hocuspocusSessions({ authorizer });
    const { say, told } = await connect("a");
    await say(doc.step1(), doc.step2(), doc.update(first), doc.step1(), doc.step2(first));
    await turnAndSync();
    told();
    authorizer.grants[0]?.change("write");
    await say(doc.step2(first));
    await turnAndSync();
    expect(told().filter((words) => words.includes("status"))).toEqual([applied, applied]);
  });

  test("to read hides the presence of a reader where readers are hidden", async () => {
    const { connect, clock, grantAt } = await hocuspocusWriter({ readersShowPresence: false });
    const other = await connect("b");
    await other.say(doc.auth("u"), doc.step1(), doc.awareness(2, 1, {}));
    const late = await connect("late");
    await late.say(doc.auth("v"), doc.step1(), doc.awareness(3, 1, {}));
    clock.advance(1_000);
    for (const each of [other, late]) each.told();
    grantAt(1).change("read");
    clock.advance(1_000);
    expect(late.told()).toEqual(["doc: awareness 2@1 null"]);
  });

  test("to read stops the stateless messages of a reader where readers are hidden", async () => {
    for (const readersShowPresence of [true, false]) {
      const { connect, say, told, grantAt } = await hocuspocusWriter({ readersShowPresence });
      const other = await connect("b");
      await other.say(doc.auth("u"), doc.step1());
      grantAt(0).change("read");
      for (const each of [told, other.told]) each();
      await say(doc.stateless("from a reader"));
      await other.say(doc.stateless("from a writer"));
      expect(other.told()).toEqual(readersShowPresence ? ["doc: stateless from a reader"] : []);
      expect(told()).toEqual(["doc: stateless from a writer"]);
    }
  });
});

/** Deletes the first character. */
function deletion(): Uint8Array {
  // No structs; one client, 7, with one range: the clock 0 and the length 1.
  return Uint8Array.of(0, 1, 7, 1, 0, 1);
}
