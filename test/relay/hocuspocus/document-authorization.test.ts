import { describe, expect, test } from "bun:test";
import type { Denial } from "../../../src/auth/authorizer.ts";
import { providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { hocuspocusWriter } from "../../support/clients/hocuspocus-writer.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { settled } from "../../support/eventually.ts";
import { FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { hocuspocusSessions } from "../../support/servers/hocuspocus-sessions.ts";
import { tuple } from "../../support/tuple.ts";

const [first] = tuple(
  1,
  updatesOf((document) => {
    document.getText("t").insert(0, "a");
  }),
);
const doc = providerFrames("doc");
const expired: Denial = { granted: false, kind: "unauthorized", code: "expired", reason: "permission expired" };

describe("every grant is released", () => {
  test("when the client detaches, disconnects, is refused, or is denied", async () => {
    const ends = {
      detached: ({ say }) => say(doc.close()),
      gone: async ({ leave }) => leave(),
      refused: ({ say }) => say(doc.update(Uint8Array.of(1, 2, 3))),
      denied: ({ say }) => say(doc.auth("bad")),
    } satisfies Record<string, (client: Awaited<ReturnType<typeof hocuspocusWriter>>) => Promise<unknown>>;
    for (const [how, end] of Object.entries(ends)) {
      const client = await hocuspocusWriter();
      client.authorizer.decide("bad", expired);
      expect(client.grantAt(0).isReleased).toBe(false);
      await end(client);
      expect([how, client.grantAt(0).isReleased]).toEqual([how, true]);
    }
  });

  test("when the document cannot be read", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, store } = hocuspocusSessions({ authorizer });
    const { connection, say } = await connect("a");
    store.fail("unavailable");
    await say(doc.auth("t"));
    expect(connection.closeReason?.name).toBe("storage-unavailable");
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true]);
  });

  test("when the client disconnects during authorization, or while its document is opened", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, store, rooms, clock } = hocuspocusSessions({ authorizer });
    const [asking, opening] = [await connect("asking"), await connect("opening")];
    const releaseLoad = store.holdLoad();
    await opening.say(doc.auth("t"));
    const releaseAsking = authorizer.hold();
    await asking.say(doc.auth("t"));
    for (const { leave } of [asking, opening]) leave();
    releaseAsking();
    releaseLoad();
    for (let task = 0; task < 3; task += 1) await settled();
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true]);
    clock.advance(10_000);
    expect(rooms.size).toBe(0);
  });
});

describe("the concurrent authorizations of a connection are limited", () => {
  test.each(["renewal", "new attachment"])("and a %s too many waits for its turn", async (what) => {
    const authorizer = new FakeAuthorizer();
    const { connect } = hocuspocusSessions({ authorizer, limits: { concurrentAuthorizations: 2 } });
    const { session, say, told } = await connect("a");
    const names = ["1", "2", "3"].map(providerFrames);
    for (const each of names) await say(each.auth("t"), each.step1());
    told();
    const release = authorizer.hold();
    for (const each of names) await say(...(what === "renewal" ? [] : [each.close()]), each.auth("again"));
    expect(authorizer.requests).toHaveLength(3 + 2);
    expect(session.receive(Uint8Array.of(9))).toBeUndefined();
    const waits = session.receive(providerFrames("4").close());
    expect(waits).toBeInstanceOf(Promise);
    release();
    await waits;
    await settled();
    expect(authorizer.requests).toHaveLength(3 + 3);
    const answers = what === "renewal" ? 0 : 3;
    expect(told().filter((words) => words.includes("authenticated"))).toHaveLength(answers);
  });

  test("and a document that waits for its token takes no turn", async () => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide(undefined, expired);
    const { connect } = hocuspocusSessions({ authorizer, limits: { concurrentAuthorizations: 2 } });
    const { session, say } = await connect("a");
    for (const name of ["1", "2", "3"]) await say(providerFrames(name).step1());
    expect(session.receive(providerFrames("4").auth("t"))).toBeUndefined();
  });

  test("and one that is never answered closes the connection, also of a member", async () => {
    const { say, clock, connection, authorizer } = await hocuspocusWriter();
    authorizer.hold();
    await say(doc.auth("new"));
    clock.advance(14_999);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(connection.closeReason?.name).toBe("timeout");
  });
});

describe("the rate of authorizations is limited", () => {
  test("for each document: a provider that answers each denial with a token is denied at the rate", async () => {
    const { say, told, clock, authorizer, connection, metrics, connect } = await hocuspocusWriter({
      limits: { tokenBurst: 3, tokensPerSecond: 1 },
    });
    authorizer.decide("bad", expired);
    const client = await connect("b");
    await say(doc.auth("again"));
    const before = authorizer.requests.length;
    for (let token = 0; token < 6; token += 1) await client.say(doc.auth("bad"), doc.update(first));
    expect(authorizer.requests).toHaveLength(before + 3);
    for (let second = 1; second <= 3; second += 1) {
      clock.advance(1_000);
      await settled();
      expect(authorizer.requests).toHaveLength(before + 3 + second);
    }
    expect(client.told().filter((words) => words.includes("denied"))).toHaveLength(6);
    expect((await metrics.delayedAuthorizations.get()).values[0]?.value).toBe(3);
    // Other clients do not wait.
    expect([connection.isOpen, told()]).toEqual([true, []]);
  });

  test("and a member's tokens over it hold up no edit: the last one is looked at when it is its turn", async () => {
    const { connect, say, told, clock, authorizer, metrics, turnAndSync } = await hocuspocusWriter({
      limits: { tokenBurst: 3, tokensPerSecond: 1 },
    });
    const reader = await connect("reader");
    await reader.say(doc.auth("t"), doc.step1());
    reader.told();
    const before = authorizer.requests.length;
    const tokens = Array.from({ length: 20 }, (_, index) => doc.auth(`token ${index}`));
    await say(...tokens, doc.update(first));
    await turnAndSync();
    expect(reader.told()).toEqual([expect.stringContaining("update")]);
    expect(authorizer.requests).toHaveLength(before + 2);
    clock.advance(1_000);
    await settled();
    expect(authorizer.requests.slice(before + 2).map(({ token }) => token)).toEqual(["token 19"]);
    clock.advance(10_000);
    await settled();
    expect(authorizer.requests).toHaveLength(before + 3);
    expect((await metrics.delayedAuthorizations.get()).values[0]?.value).toBe(18);
    expect(told().filter((words) => words.includes("denied"))).toEqual([]);
  });

  test("and a token that waits decides when the grant ends, but not for a client that has detached", async () => {
    for (const end of ["grant", "detach"]) {
      const { say, told, clock, authorizer, grantAt } = await hocuspocusWriter({
        limits: { tokenBurst: 1, tokensPerSecond: 1 },
      });
      await say(doc.auth("waits"));
      if (end === "grant") grantAt(0).end(expired);
      else await say(doc.close());
      told();
      clock.advance(1_000);
      await settled();
      const asked = authorizer.requests.slice(1).map(({ token }) => token);
      expect([end, asked]).toEqual([end, end === "grant" ? ["waits"] : []]);
      expect(told().slice(0, 1)).toEqual(end === "grant" ? ["doc: authenticated read-write"] : []);
    }
  });

  test("for each connection: attaching again and again makes no difference", async () => {
    const authorizer = new FakeAuthorizer();
    const { connect, clock } = hocuspocusSessions({
      authorizer,
      limits: { authorizationBurst: 3, authorizationsPerSecond: 1 },
    });
    const { say } = await connect("a");
    for (let round = 0; round < 6; round += 1) await say(doc.auth("t"), doc.close());
    expect(authorizer.requests).toHaveLength(3);
    clock.advance(1_000);
    await settled();
    expect(authorizer.requests).toHaveLength(4);
  });

  test("and a client that disconnects while it waits is not authorized", async () => {
    const { say, leave, clock, authorizer } = await hocuspocusWriter({ limits: { tokenBurst: 1 } });
    await say(doc.auth("new"));
    leave();
    clock.advance(10_000);
    await settled();
    expect([authorizer.requests.length, authorizer.grants.every(({ isReleased }) => isReleased)]).toEqual([1, true]);
  });
});

test("refused documents are counted", async () => {
  const { say, connect, metrics } = await hocuspocusWriter({ limits: { documentsPerConnection: 1 } });
  await say(doc.update(Uint8Array.of(1, 2, 3)), doc.auth("t"), providerFrames("other").auth("t"));
  const large = await connect("large");
  await large.session.oversized?.(doc.update(first), "limits.relay-frame-bytes: a frame of 9 bytes");
  const { values } = await metrics.refusedSessions.get();
  expect(values.map(({ labels, value }) => `${labels.reason} ${value}`).toSorted()).toEqual([
    "forbidden 1",
    "frame-too-large 1",
    "malformed-frame 1",
  ]);
});
