import { describe, expect, test } from "bun:test";
import type { AccessRequest } from "../../../src/auth/authorizer.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { Random } from "../../support/bytes/random.ts";
import { type PeerJsClient, peerJsClients } from "../../support/clients/peerjs-clients.ts";
import { settled } from "../../support/eventually.ts";
import { authorizerThat } from "../../support/fakes/fake-authorizer.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";

const offer = (dst: string, payload: unknown = { sdp: "v=0" }) => ({ type: "OFFER", dst, payload });
const error = (msg: string) => ({ type: "ERROR", payload: { msg } });

describe("entering", () => {
  test("a client with key, id and token is told that it is in", async () => {
    const alice = await peerJsClients().connect("alice");
    expect(alice.received()).toEqual([{ type: "OPEN" }]);
    expect(alice.connection.isOpen).toBe(true);
  });

  test.each([
    ["", "No id, token, or key supplied to websocket server"],
    ["key=peerjs&id=alice", "No id, token, or key supplied to websocket server"],
    ["key=other&id=alice&token=t", "Invalid key provided"],
    ["key=PeerJS&id=alice&token=t", "Invalid key provided"],
    [
      `key=peerjs&token=t&id=${"x".repeat(257)}`,
      "In id or token, the name is longer than 256 bytes (limits.name-bytes)",
    ],
    [
      `key=peerjs&id=alice&token=${"é".repeat(129)}`,
      "In id or token, the name is longer than 256 bytes (limits.name-bytes)",
    ],
    ["key=peerjs&token=t&id=a%0Ab", "In id or token, the name contains a control character"],
    ["key=peerjs&token=t&id=null", "The id is null: the client has no id yet"],
    ["key=peerjs&token=t&id=undefined", "The id is undefined: the client has no id yet"],
  ])("with %p it is told why not", async (query, msg) => {
    const { open, refusal } = peerJsClients();
    expect(await refusal(open(query))).toEqual(error(msg));
  });

  test("an id of 256 bytes is accepted", async () => {
    const { connect } = peerJsClients();
    expect((await connect("é".repeat(128), "token")).received()).toEqual([{ type: "OPEN" }]);
  });

  test("an id that another client has is taken, and that client is not disturbed", async () => {
    const { connect, refusal } = peerJsClients();
    const alice = await connect("alice");
    alice.received();
    alice.connection.answersPings = true;
    expect(await refusal(connect("alice", "stolen"))).toEqual({ type: "ID-TAKEN", payload: { msg: "ID is taken" } });
    const bob = await connect("bob");
    bob.say(offer("alice"));
    expect(alice.received()).toHaveLength(1);
    expect(alice.connection.isOpen).toBe(true);
  });

  test("an id whose client does not answer a ping in 3 s is given to the client that asks for it", async () => {
    const { connect, clock } = peerJsClients();
    const [dead, bob] = [await connect("alice"), await connect("bob")];
    dead.received();
    const opening = connect("alice", "another");
    await settled();
    clock.advance(2_999);
    bob.say(offer("alice", "to the old one"));
    expect(dead.received()).toHaveLength(1);
    clock.advance(1);
    const alice = await opening;
    expect(alice.received()).toEqual([{ type: "OPEN" }]);
    bob.say(offer("alice"));
    expect([alice.received().length, dead.received().length]).toEqual([1, 0]);
    clock.advance(1_000);
    expect(dead.connection.closeReason?.name).toBe("replaced");
    dead.session.closed();
    bob.say(offer("alice"));
    expect(alice.received()).toHaveLength(1);
  });

  test("of two clients that ask for the id of a dead one, the first gets it, and the other one if that dies too", async () => {
    const { connect, clock, refusal } = peerJsClients();
    await connect("alice");
    const [first, second] = [connect("alice", "first"), refusal(connect("alice", "second"))];
    await settled();
    clock.advance(3_000);
    const alice = await first;
    expect(alice.received()).toEqual([{ type: "OPEN" }]);
    await settled();
    alice.connection.pong();
    expect(await second).toMatchObject({ type: "ID-TAKEN" });
  });

  test("a client that disconnects while the holder of its id is pinged does not get the id", async () => {
    const { open, namespace, connect, clock } = peerJsClients();
    const dead = await connect("alice");
    const asking = new FakeConnection("asking");
    const opening = open("key=peerjs&id=alice&token=another", {}, asking);
    await settled();
    asking.disconnect();
    clock.advance(3_000);
    (await opening).session.closed();
    expect(namespace.find("alice")?.connection).toBe(dead.connection);
  });

  test("the same token replaces the old socket at once; it is closed a second later, which changes nothing", async () => {
    const { connect, clock } = peerJsClients();
    const [before, bob] = [await connect("alice"), await connect("bob")];
    before.received();
    const after = await connect("alice");
    expect(after.received()).toEqual([{ type: "OPEN" }]);
    bob.received();
    before.say(offer("bob", "from the old socket"));
    bob.say(offer("alice"));
    expect([after.received().length, before.received(), bob.received()]).toEqual([1, [], []]);
    clock.advance(999);
    expect(before.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(before.connection.closeReason?.name).toBe("replaced");
    before.session.closed();
    bob.say(offer("alice"));
    expect(after.received()).toHaveLength(1);
    after.leave();
    expect((await connect("alice", "another")).received()).toEqual([{ type: "OPEN" }]);
  });

  test("clients beyond the limit are refused until one leaves; a client that reconnects does not count twice", async () => {
    const { connect, refusal } = peerJsClients({ limits: { peerjsMembers: 2 } });
    const alice = await connect("alice");
    await connect("bob");
    expect(await refusal(connect("carol"))).toEqual(error("Server has reached its concurrent user limit"));
    expect((await connect("bob")).received()).toEqual([{ type: "OPEN" }]);
    alice.leave();
    expect((await connect("carol")).received()).toEqual([{ type: "OPEN" }]);
  });

  test("access is asked for the namespace, and a denial is told", async () => {
    const requests: AccessRequest[] = [];
    const authorizer = authorizerThat(async (request) => {
      requests.push(request);
      return { granted: false, kind: "forbidden", code: "wrong-room", reason: "not today" };
    });
    const { connect, refusal } = peerJsClients({ authorizer });
    expect(await refusal(connect("alice"))).toEqual(error("not today"));
    expect(requests).toMatchObject([{ kind: "signaling", room: "peerjs/peerjs", remoteAddress: "192.0.2.1" }]);
  });
});

describe("messages", () => {
  test.each(["OFFER", "ANSWER", "CANDIDATE", "LEAVE"])(
    "%s reaches its receiver alone, from its sender",
    async (type) => {
      const { connect } = peerJsClients();
      const [alice, bob, carol] = [await connect("alice"), await connect("bob"), await connect("carol")];
      for (const client of [alice, bob, carol]) client.received();
      alice.say({ type, src: "carol", dst: "bob", payload: { n: [1, null] }, more: true });
      expect(bob.received()).toEqual([{ type, src: "alice", dst: "bob", payload: { n: [1, null] } }]);
      expect([alice.received(), carol.received()]).toEqual([[], []]);
    },
  );

  test("heartbeats and unknown messages are not answered, and the unknown ones are counted", async () => {
    const { connect, ignored } = peerJsClients();
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    for (const client of [alice, bob]) client.received();
    for (const type of ["HEARTBEAT", "BUMP", "EXPIRE", "OPEN", "ERROR"]) alice.say({ type, dst: "bob", payload: 1 });
    alice.say({ type: "LEAVE" });
    await alice.session.receive("");
    expect([alice.received(), bob.received()]).toEqual([[], []]);
    expect(await ignored()).toBe(5);
  });

  test("beyond the rate wait, and none is lost", async () => {
    const { connect, clock, bounds } = peerJsClients({ limits: { publishBurst: 2, publishesPerSecond: 10 } });
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    bob.received();
    for (const payload of [1, 2]) alice.say(offer("bob", payload));
    expect(bob.received()).toHaveLength(2);
    const waiting = alice.session.receive(JSON.stringify(offer("bob", 3)));
    clock.advance(99);
    expect(bob.received()).toEqual([]);
    clock.advance(1);
    await waiting;
    expect(bob.received()).toMatchObject([{ payload: 3 }]);
    expect(await bounds()).toEqual(["limits.publishes-per-second"]);
  });

  test("that wait when their sender goes are not sent", async () => {
    const { connect, clock } = peerJsClients({ limits: { publishBurst: 1 } });
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    bob.received();
    alice.say(offer("bob", 1));
    const waiting = alice.session.receive(JSON.stringify(offer("bob", 2)));
    alice.leave();
    await waiting;
    clock.advance(60_000);
    expect(bob.received()).toHaveLength(1);
  });

  test("a client that only listens is neither late nor without a room", async () => {
    const { connect, clock } = peerJsClients();
    const alice = await connect("alice");
    clock.advance(3_600_000);
    expect(alice.connection.isOpen).toBe(true);
  });

  test.each<[string, string | Uint8Array]>([
    ["garbage", "garbage"],
    ["no object", "5"],
    ["no receiver", '{"type":"OFFER"}'],
    ["bytes", new Uint8Array([0xff])],
  ])("%s ends the session of who says it, with a word", async (_, frame) => {
    const { connect, protocol } = peerJsClients();
    const alice = await connect("alice");
    let thrown: unknown;
    try {
      await alice.session.receive(frame);
    } catch (caught) {
      thrown = caught;
    }
    if (!(thrown instanceof SessionError)) throw new Error(`not refused: ${thrown}`);
    expect(thrown.reason.name).toBe("malformed-frame");
    expect(JSON.parse(String(protocol.closeMessage?.(thrown.reason, thrown.message)))).toEqual(error(thrown.message));
  });
});

describe("a message that is refused alone", () => {
  /** A message as the library encodes it. */
  const encoded = (dst: string, payload: unknown) => JSON.stringify({ type: "OFFER", payload, dst });

  test.each<[string, string, string, string]>([
    ["with a receiver that nobody can be", encoded("x".repeat(257), {}), "x".repeat(257), "limits.name-bytes"],
    ["with an empty receiver", encoded("", {}), "", "limits.name-bytes"],
    ["that is too deep", encoded("bob", JSON.parse("[".repeat(32) + "]".repeat(32))), "bob", "limits.json-depth"],
  ])("%s: its sender is told that it was not delivered", async (_, frame, dst, bound) => {
    const { connect, bounds } = peerJsClients();
    const alice = await connect("alice");
    alice.received();
    await alice.session.receive(frame);
    expect(alice.received()).toEqual([
      { type: "EXPIRE", src: dst, dst: "alice", payload: { msg: expect.stringContaining("") } },
    ]);
    expect(await bounds()).toEqual([bound]);
  });

  test.each([
    ["text", (frame: string) => frame],
    ["bytes", (frame: string) => new TextEncoder().encode(frame)],
  ])("that is too large, as %s: the session goes on", async (_, encode) => {
    const { connect } = peerJsClients();
    const [alice, bob] = [await connect("alice"), await connect('b"\\ö')];
    for (const client of [alice, bob]) client.received();
    const detail = "limits.peerjs-frame-bytes: a frame of 2000000 bytes";
    await alice.session.oversized?.(encode(encoded('b"\\ö', "x".repeat(2_000_000))), detail);
    expect(alice.received()).toEqual([{ type: "EXPIRE", src: 'b"\\ö', dst: "alice", payload: { msg: detail } }]);
    await alice.session.oversized?.(
      encode(`{"dst":"bob","type":"OFFER","payload":"${"x".repeat(2_000_000)}"}`),
      detail,
    );
    expect(alice.received()).toEqual([]);
    alice.say(offer('b"\\ö'));
    expect(bob.received()).toHaveLength(1);
  });
});

describe("a receiver that is not there", () => {
  test("gets the messages of the last five seconds, after OPEN and in order", async () => {
    const { connect, clock } = peerJsClients();
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    for (const client of [alice, bob]) client.received();
    alice.say(offer("carol", 1));
    bob.say(offer("carol", 2));
    clock.advance(4_999);
    alice.say({ type: "CANDIDATE", dst: "carol", payload: 3 });
    const carol = await connect("carol");
    expect(carol.received()).toEqual([
      { type: "OPEN" },
      { type: "OFFER", src: "alice", dst: "carol", payload: 1 },
      { type: "OFFER", src: "bob", dst: "carol", payload: 2 },
      { type: "CANDIDATE", src: "alice", dst: "carol", payload: 3 },
    ]);
    clock.advance(60_000);
    expect([alice.received(), bob.received(), carol.received()]).toEqual([[], [], []]);
  });

  test("expires after five seconds, once for each sender, and nothing is left", async () => {
    const { connect, clock, budget } = peerJsClients();
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    for (const client of [alice, bob]) client.received();
    alice.say(offer("carol"));
    clock.advance(2_000);
    for (const payload of [1, 2, 3]) alice.say({ type: "CANDIDATE", dst: "carol", payload });
    alice.say(offer("dave"));
    bob.say(offer("carol"));
    clock.advance(2_999);
    expect([alice.received(), bob.received()]).toEqual([[], []]);
    clock.advance(1);
    expect(alice.received()).toEqual([{ type: "EXPIRE", src: "carol", dst: "alice" }]);
    clock.advance(60_000);
    expect(alice.received()).toEqual([{ type: "EXPIRE", src: "dave", dst: "alice" }]);
    expect(bob.received()).toEqual([{ type: "EXPIRE", src: "carol", dst: "bob" }]);
    expect([budget.usedBytes, clock.pendingTimers]).toEqual([0, 0]);
    expect((await connect("carol")).received()).toEqual([{ type: "OPEN" }]);
  });

  test("is not waited for by a leave", async () => {
    const { connect, clock } = peerJsClients();
    const alice = await connect("alice");
    alice.received();
    alice.say({ type: "LEAVE", dst: "carol" });
    clock.advance(60_000);
    expect(alice.received()).toEqual([]);
    expect((await connect("carol")).received()).toEqual([{ type: "OPEN" }]);
  });

  test("with a full mailbox expires at once for senders without a queued message, and later for the others", async () => {
    const { connect, clock, bounds } = peerJsClients({ limits: { mailboxMessages: 2, mailboxSenderMessages: 2 } });
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    for (const client of [alice, bob]) client.received();
    for (const payload of [1, 2, 3]) alice.say(offer("carol", payload));
    bob.say(offer("carol"));
    expect(bob.received()).toEqual([{ type: "EXPIRE", src: "carol", dst: "bob" }]);
    expect(alice.received()).toEqual([]);
    clock.advance(5_000);
    expect(alice.received()).toEqual([{ type: "EXPIRE", src: "carol", dst: "alice" }]);
    expect(await bounds()).toEqual(["limits.mailbox-bytes"]);
  });

  test("does not expire for a sender that has left", async () => {
    const { connect, clock } = peerJsClients();
    const alice = await connect("alice");
    alice.say(offer("carol"));
    alice.leave();
    alice.received();
    clock.advance(5_000);
    expect(alice.received()).toEqual([]);
  });
});

test("two keys are two namespaces", async () => {
  const [one, other] = [peerJsClients(), peerJsClients()];
  const [alice, bob] = [await one.connect("alice"), await other.connect("bob")];
  for (const client of [alice, bob]) client.received();
  alice.say(offer("bob"));
  one.clock.advance(5_000);
  expect(bob.received()).toEqual([]);
  expect(alice.received()).toEqual([{ type: "EXPIRE", src: "bob", dst: "alice" }]);
});

/** Clients that connect, disconnect, reconnect and send at random. */
class Crowd {
  readonly present = new Map<string, PeerJsClient>();
  readonly #random: Random;
  readonly #connect: (id: string) => Promise<PeerJsClient>;

  constructor(random: Random, connect: (id: string) => Promise<PeerJsClient>) {
    this.#random = random;
    this.#connect = connect;
  }

  async step(number: number): Promise<void> {
    const ids = ["a", "b", "c", "d"];
    const id = this.#random.pick(ids);
    const here = this.present.get(id);
    if (here === undefined || this.#random.chance(0.1)) await this.#enter(id, here);
    else if (this.#random.chance(0.2)) this.leave(id);
    else here.say(offer(this.#random.pick(ids), { from: id, number }));
  }

  leave(id: string): void {
    this.present.get(id)?.leave();
    this.present.delete(id);
  }

  async #enter(id: string, before: PeerJsClient | undefined): Promise<void> {
    const client = await this.#connect(id).catch(() => undefined);
    if (client === undefined) return;
    this.present.set(id, client);
    before?.session.closed();
  }
}

function expectSound(id: string, { connection }: PeerJsClient): void {
  for (const message of connection.sent.map((frame) => JSON.parse(String(frame)))) {
    if (message.type === "OFFER") expect(message).toMatchObject({ src: message.payload.from, dst: id });
    else expect(["OPEN", "EXPIRE"]).toContain(message.type);
  }
}

const seeds = Array.from({ length: 10 }, (_, index) => 20_250_607 + index);

test.each(seeds)(
  "with random clients and messages, every message reaches its receiver only, and nothing is left (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const { connect, clock, budget, namespace } = peerJsClients({
      limits: { mailboxMessages: 3, peerjsMembers: 3, publishBurst: 1e6 },
    });
    const crowd = new Crowd(random, connect);
    for (let number = 0; number < 300; number += 1) {
      await crowd.step(number);
      if (random.chance(0.1)) clock.advance(random.integer(6_000));
      expect([...namespace.ids].sort()).toEqual([...crowd.present.keys()].sort());
    }
    for (const [id, client] of crowd.present) {
      expectSound(id, client);
      crowd.leave(id);
    }
    clock.advance(10_000);
    expect([namespace.ids, budget.usedBytes, clock.pendingTimers]).toEqual([[], 0, 0]);
  },
);
