import { describe, expect, test } from "bun:test";
import { closeReasons, SessionError } from "../../../src/transport/close-reason.ts";
import { Random } from "../../support/bytes/random.ts";
import { iceServers, type PeersClient, peersClients } from "../../support/clients/peers-clients.ts";
import { settled } from "../../support/eventually.ts";

const success = [null, "success"];
const offer = (toDeviceId: string, sdi: unknown = "v=0") => ({ connectionId: 1, toDeviceId, sdi });

describe("connecting", () => {
  test("is answered with a session's id", async () => {
    const alice = await peersClients().open();
    await alice.session.receive('0{"token":"x"}');
    const [answer = ""] = alice.connection.take().map(String);
    expect(answer).toMatch(/^0\{"sid":"[0-9a-f-]{36}"\}$/);
  });

  test("to any other namespace is refused, and the main one stays connected", async () => {
    const { open } = peersClients();
    const alice = await open();
    await alice.session.receive("0/admin,");
    expect(alice.connection.take()).toEqual(['4/admin,{"message":"Invalid namespace"}']);
    await alice.session.receive("0");
    expect(await alice.register("alice")).toEqual(success);
  });

  test.each([
    ["an event before it", '2["device-registered","alice"]', false],
    ["an event of another namespace", '2/admin,["device-registered","alice"]', true],
    ["a second time", "0", true],
    ["garbage", "garbage", true],
  ])("%s ends the session for good", async (_, frame, isConnected) => {
    const { open, connect, protocol } = peersClients();
    const alice = await (isConnected ? connect() : open());
    const receive = async () => alice.session.receive(frame);
    await expect(receive()).rejects.toBeInstanceOf(SessionError);
    expect(protocol.closeMessage?.(closeReasons.malformedFrame, "")).toBe("1");
    expect(protocol.closeMessage?.(closeReasons.rateLimited, "")).toBeUndefined();
  });

  test("a client that says nothing and answers a ping lives until it has been without a device for a minute", async () => {
    const { open, clock } = peersClients();
    const quiet = await open();
    clock.advance(20_000);
    quiet.connection.pong();
    clock.advance(39_999);
    await settled();
    expect(quiet.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(quiet.connection.closeReason?.name).toBe("timeout");
  });

  const detail = "limits.signaling-frame-bytes: a frame of 70000 bytes";

  test("a message that is too large or too deep is refused to its sender alone, and the session goes on", async () => {
    const { enter, bounds } = peersClients();
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    for (const client of [alice, bob]) client.received();
    const packets = () => alice.connection.take();
    await alice.session.oversized?.(`2["offer",{"toDeviceId":"bob","sdi":"${"x".repeat(70_000)}"}]`, detail);
    expect(packets()).toEqual([`2["error","${detail}"]`]);
    await alice.session.oversized?.(`212["offer",{"toDeviceId":"bob","sdi":"${"x".repeat(70_000)}"}]`, detail);
    expect(packets()).toEqual([`312["${detail}"]`]);
    await alice.session.receive(`23["offer",${"[".repeat(33)}${"]".repeat(33)}]`);
    expect(packets()).toEqual([`33["limits.json-depth: nested deeper than 32"]`]);
    await alice.emit("offer", { toDeviceId: "bob", n: 1 });
    expect(bob.received()).toHaveLength(1);
    expect(await bounds()).toEqual(["limits.signaling-frame-bytes", "limits.json-depth"]);
  });

  test("a message that is too large ends the session before the connect, which it may be", async () => {
    const { open } = peersClients();
    const alice = await open();
    const receive = async () => alice.session.oversized?.(`0{"token":"${"x".repeat(70_000)}"}`, detail);
    await expect(receive()).rejects.toThrow(detail);
  });

  test("a client that sends nothing for 20 s, or registers nothing for a minute, is closed", async () => {
    const { open, connect, enter, clock } = peersClients();
    const [silent, idle, registered] = [await open(), await connect(), await enter("alice")];
    clock.advance(23_000);
    await settled();
    expect([silent, idle, registered].map(({ connection }) => connection.isOpen)).toEqual([false, true, true]);
    clock.advance(3_600_000);
    expect([idle, registered].map(({ connection }) => connection.isOpen)).toEqual([false, true]);
    expect([silent, idle].map(({ connection }) => connection.closeDetail?.split(":")[0])).toEqual([
      "limits.first-frame-ms",
      "limits.without-room-ms",
    ]);
  });
});

test("an event with attachments, an unknown event and an empty frame are ignored, and the session goes on", async () => {
  const { enter, ignored } = peersClients();
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  for (const frame of ['51-["offer",{"_placeholder":true,"num":0}]', Uint8Array.of(1, 2), "", '2["get-available"]'])
    await alice.session.receive(frame);
  await alice.emit("offer", offer("bob"));
  expect(bob.received()).toHaveLength(1);
  expect(await ignored()).toBe(4);
});

describe("registering", () => {
  test("is acknowledged, in both of its forms", async () => {
    const { connect } = peersClients();
    const [alice, bob, carol] = [await connect(), await connect(), await connect()];
    expect(await alice.register("alice", "family")).toEqual(success);
    expect(await bob.ask("device-registered", "bob")).toEqual(success);
    await carol.emit("device-registered", "carol");
    await alice.emit("offer", offer("carol"));
    await alice.emit("offer", offer("bob"));
    expect([bob.received(), carol.received()].map(({ length }) => length)).toEqual([1, 1]);
  });

  test.each<[unknown, string]>([
    [{}, "Device id is not a string"],
    [{ deviceId: "a", groups: "g" }, "Groups are not a list of strings"],
    [{ deviceId: "" }, "Invalid device id or group: the name is empty"],
    [
      { deviceId: "x".repeat(257) },
      "Invalid device id or group: the name is longer than 256 bytes (limits.name-bytes)",
    ],
    [{ deviceId: "a", groups: ["a\nb"] }, "Invalid device id or group: the name contains a control character"],
    [{ deviceId: "a", groups: Array.from({ length: 101 }, (_, index) => `${index}`) }, "More than 100 groups"],
  ])("as %j is refused with a word", async (registration, problem) => {
    expect(await (await peersClients().connect()).ask("register-device", registration)).toEqual([problem]);
  });

  test("the devices of one address are in no more groups than their limit together", async () => {
    const { bounds, connect } = peersClients({ limits: { topicsPerAddress: 3 } });
    const [alice, bob] = [await connect(), await connect()];
    expect(await alice.register("alice", "a", "b")).toEqual(success);
    expect(await bob.register("bob", "a", "b")).toEqual(["Too many groups"]);
    expect(await bounds()).toEqual(["limits.topics-per-address"]);
    expect(await bob.register("bob", "a")).toEqual(success);
    // A device that registers again gives up its groups.
    expect(await bob.register("bob", "b")).toEqual(success);
    alice.leave();
    expect(await bob.register("bob", "a", "b", "c")).toEqual(success);
    expect(await bob.register("bob", "a", "b", "c", "d")).toEqual(["Too many groups"]);
  });

  test("100 groups, and names of 256 bytes, are taken", async () => {
    const alice = await peersClients().connect();
    const groups = Array.from({ length: 100 }, (_, index) => `${index}`);
    expect(await alice.register("é".repeat(128), ...groups)).toEqual(success);
  });

  test("is refused when there are too many devices, or too many in a group, until a device leaves", async () => {
    const { connect, enter, bounds } = peersClients({ limits: { peersDevices: 3, signalingRoomMembers: 2 } });
    const alice = await enter("alice", "g");
    await enter("bob", "g");
    const carol = await connect();
    expect(await carol.register("carol", "g")).toEqual(["Too many devices"]);
    expect(await carol.register("carol")).toEqual(success);
    expect(await (await connect()).register("dave")).toEqual(["Too many devices"]);
    expect(await alice.register("alice", "g")).toEqual(success);
    expect(await bounds()).toEqual(["limits.signaling-room-members"]);
    alice.leave();
    expect(await carol.register("carol", "g")).toEqual(success);
  });
});

describe("a device id that another connection has", () => {
  test("is in use while its client answers a ping", async () => {
    const { enter, connect } = peersClients();
    const [alice, thief, bob] = [await enter("alice"), await connect(), await enter("bob")];
    const claim = thief.register("alice");
    await settled();
    alice.connection.pong();
    expect(await claim).toEqual(["Device id in use"]);
    expect(alice.connection.isOpen).toBe(true);
    await bob.emit("offer", offer("alice"));
    expect(alice.received()).toHaveLength(1);
  });

  test("is taken over when its socket is dead; the late close changes nothing", async () => {
    const { enter, connect, clock } = peersClients();
    const [before, bob, after] = [await enter("alice", "g"), await enter("bob", "g"), await connect()];
    before.received();
    const claim = after.register("alice", "g");
    await settled();
    clock.advance(3_000);
    expect(await claim).toEqual(success);
    expect(before.connection.closeReason?.name).toBe("replaced");
    before.session.closed();
    await bob.emit("offer", offer("alice"));
    expect(after.received()).toHaveLength(1);
    // The device was never offline.
    expect(bob.received()).toEqual([]);
  });

  test("is free once its connection has closed", async () => {
    const { enter } = peersClients();
    (await enter("alice")).leave();
    await enter("alice");
  });
});

describe("presence", () => {
  test("devices are told once of each device of their groups that comes and goes, and of no other", async () => {
    const { enter } = peersClients();
    const [alice, bob, carol] = [
      await enter("alice", "g", "h"),
      await enter("bob", "g", "h"),
      await enter("carol", "k"),
    ];
    expect(alice.received()).toEqual([["device-online", "bob"]]);
    expect(bob.received()).toEqual([]);
    bob.leave();
    expect(alice.received()).toEqual([["device-offline", "bob"]]);
    expect(carol.received()).toEqual([]);
  });

  test("devices are told of devices that they have exchanged a message with, also when they come back", async () => {
    const { enter } = peersClients();
    const [alice, bob, carol] = [await enter("alice"), await enter("bob"), await enter("carol")];
    await alice.emit("offer", offer("bob"));
    bob.received();
    alice.leave();
    expect(bob.received()).toEqual([["device-offline", "alice"]]);
    await enter("alice");
    expect(bob.received()).toEqual([["device-online", "alice"]]);
    expect(carol.received()).toEqual([]);
  });

  test("a device that has sent a message to an offline device is told when that comes online", async () => {
    const { enter } = peersClients();
    const alice = await enter("alice");
    await alice.emit("offer", offer("bob"));
    const bob = await enter("bob");
    expect(alice.received()).toEqual([["device-online", "bob"]]);
    alice.leave();
    expect(bob.received().slice(1)).toEqual([["device-offline", "alice"]]);
  });

  test("another registration over the same connection ends the first", async () => {
    const { enter } = peersClients();
    const [alice, bob] = [await enter("alice", "g"), await enter("bob", "g")];
    alice.received();
    await alice.register("alice2", "g");
    expect(bob.received()).toEqual([
      ["device-offline", "alice"],
      ["device-online", "alice2"],
    ]);
    await bob.emit("offer", offer("alice2"));
    expect(alice.received()).toHaveLength(1);
  });

  test("a registration with other groups is told to the devices that it is new to", async () => {
    const { enter } = peersClients();
    const [alice, bob, carol] = [await enter("alice", "g"), await enter("bob", "g"), await enter("carol", "k")];
    expect(await alice.register("alice", "g", "k")).toEqual(success);
    expect([bob.received(), carol.received()]).toEqual([[], [["device-online", "alice"]]]);
    await alice.register("alice", "k");
    alice.leave();
    expect([bob.received(), carol.received()]).toEqual([[], [["device-offline", "alice"]]]);
  });

  test("of the last 256 devices that a device has exchanged messages with", async () => {
    const { enter } = peersClients({ limits: { peersCorrespondents: 2 } });
    const alice = await enter("alice");
    for (const id of ["bob", "carol", "bob", "dave"]) await alice.emit("offer", offer(id));
    for (const id of ["bob", "carol", "dave"]) await enter(id);
    expect(alice.received()).toEqual([
      ["device-online", "bob"],
      ["device-online", "dave"],
    ]);
  });

  test("a client that leaves the namespace is offline", async () => {
    const { enter } = peersClients();
    const [alice, bob] = [await enter("alice", "g"), await enter("bob", "g")];
    await alice.session.receive("1");
    expect(bob.received()).toEqual([["device-offline", "alice"]]);
  });
});

describe("messages", () => {
  test.each(["offer", "answer", "iceCandidate"])("%s goes to its receiver alone, from its sender", async (event) => {
    const { enter } = peersClients();
    const [alice, bob, carol] = [await enter("alice"), await enter("bob"), await enter("carol")];
    const message = { connectionId: 1, fromDeviceId: "carol", toDeviceId: "bob", iceCandidates: [{}], sdi: { a: [1] } };
    expect(await alice.ask(event, message)).toEqual(success);
    expect(bob.received()).toEqual([[event, { ...message, fromDeviceId: "alice" }]]);
    expect([alice.received(), carol.received()]).toEqual([[], []]);
  });

  test("with the other names of their members are understood as well", async () => {
    const { enter } = peersClients();
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    await alice.emit("offer", { fromDevice: "alice", toDevice: "bob" });
    expect(bob.received()).toEqual([["offer", { fromDevice: "alice", toDevice: "bob" }]]);
  });

  test("of a client that has not registered are not sent", async () => {
    const { connect, enter } = peersClients();
    const [nobody, bob] = [await connect(), await enter("bob")];
    expect(await nobody.ask("offer", offer("bob"))).toEqual(["Device is not registered"]);
    await nobody.emit("offer", offer("bob"));
    expect(bob.received()).toEqual([]);
  });

  test.each<[unknown[], string]>([
    [[], "Message is not an object"],
    [["bob"], "Message is not an object"],
    [[{}], "Message names no receiver"],
    [[offer("x".repeat(257))], "Invalid device id or group: the name is longer than 256 bytes (limits.name-bytes)"],
  ])("as %j are refused with a word", async (args, problem) => {
    const { enter } = peersClients();
    expect(await (await enter("alice")).ask("offer", ...args)).toEqual([problem]);
  });

  test("of an unknown type are ignored", async () => {
    const { enter } = peersClients();
    const alice = await enter("alice");
    expect(await alice.ask("hasOwnProperty", {})).toBeUndefined();
    expect(await alice.ask("__proto__")).toBeUndefined();
    expect(alice.connection.sent).toEqual([]);
  });

  test("beyond the rate wait, and none is lost", async () => {
    const { enter, clock } = peersClients({ limits: { publishBurst: 2, publishesPerSecond: 10 } });
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    // The registration has spent one message.
    await alice.emit("offer", offer("bob", 1));
    const waiting = alice.emit("offer", offer("bob", 2));
    await settled();
    expect(bob.received()).toHaveLength(1);
    clock.advance(100);
    await waiting;
    expect(bob.received()).toMatchObject([["offer", { sdi: 2 }]]);
  });
});

describe("a device that is offline", () => {
  test("gets the messages of the last minute, in order and after its acknowledgement", async () => {
    const { enter, connect, clock, budget } = peersClients();
    const alice = await enter("alice");
    await alice.emit("offer", offer("bob", 1));
    clock.advance(59_999);
    await alice.emit("iceCandidate", offer("bob", 2));
    await alice.emit("iceCandidate", offer("bob", 3));
    const bob = await connect();
    await bob.session.receive(`29${JSON.stringify(["device-registered", "bob"])}`);
    const frames = bob.connection.take().map(String);
    expect(frames[0]).toBe('39[null,"success"]');
    expect(frames.slice(1).map((frame) => JSON.parse(frame.slice(1)))).toMatchObject([
      ["offer", { sdi: 1, fromDeviceId: "alice" }],
      ["iceCandidate", { sdi: 2 }],
      ["iceCandidate", { sdi: 3 }],
    ]);
    expect(budget.usedBytes).toBe(0);
  });

  test("does not get messages that have waited for a minute", async () => {
    const { enter, clock, budget } = peersClients();
    const alice = await enter("alice");
    await alice.emit("offer", offer("bob", 1));
    clock.advance(1);
    await alice.emit("offer", offer("bob", 2));
    clock.advance(59_999);
    expect((await enter("bob")).received()).toMatchObject([["offer", { sdi: 2 }]]);
    expect(budget.usedBytes).toBe(0);
  });

  test("has a bounded mailbox, and senders are told when it is full", async () => {
    const { enter, bounds } = peersClients({ limits: { mailboxSenderMessages: 2 } });
    const alice = await enter("alice");
    const answers = [];
    for (const sdi of [1, 2, 3]) answers.push(await alice.ask("offer", offer("bob", sdi)));
    expect(answers).toEqual([success, success, ["Device is offline and its mailbox is full"]]);
    expect(await bounds()).toEqual(["limits.mailbox-bytes"]);
    expect((await enter("bob")).received()).toHaveLength(2);
  });
});

test("ICE servers are sent for both forms of the request, also before registering", async () => {
  const alice = await peersClients().connect();
  const { iceServers: listed } = iceServers.listFor({
    user: undefined,
    remoteAddress: alice.connection.remoteAddress,
  });
  expect(await alice.ask("getIceServers")).toEqual([null, listed]);
  expect(await alice.ask("getIceServers", null)).toEqual([null, listed]);
  await alice.emit("getIceServers");
  expect(alice.connection.sent).toEqual([]);
});

const seeds = Array.from({ length: 10 }, (_, index) => 20_250_607 + index);

test.each(seeds)(
  "with random clients and messages, every device knows the devices of its groups (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const { connect, clock, budget } = peersClients({ limits: { mailboxMessages: 3, publishBurst: 1e6 } });
    const present = new Map<string, PeersClient>();
    const known = new Map<string, Set<string>>();
    const hear = (id: string, client: PeersClient) => {
      const online = known.get(id) ?? new Set();
      known.set(id, online);
      for (const [event, argument] of client.received() as [string, { readonly toDeviceId: string } & string][]) {
        if (event === "device-online") online.add(argument);
        else if (event === "device-offline") online.delete(argument);
        else expect(argument.toDeviceId).toBe(id);
      }
    };
    for (let step = 0; step < 300; step += 1) {
      const id = random.pick(["a", "b", "c", "d"]);
      const here = present.get(id);
      if (here === undefined) {
        const client = await connect();
        expect(await client.register(id, "group")).toEqual(success);
        // The devices that are registered already do not announce themselves.
        known.set(id, new Set(present.keys()));
        present.set(id, client);
      } else if (random.chance(0.3)) {
        here.leave();
        present.delete(id);
      } else {
        await here.emit("offer", offer(random.pick(["a", "b", "c", "d"])));
      }
      if (random.chance(0.1)) clock.advance(random.integer(60_000));
      for (const [other, client] of present) hear(other, client);
      for (const other of present.keys()) {
        const others = [...present.keys()].filter((candidate) => candidate !== other);
        expect([...(known.get(other) ?? [])].sort()).toEqual(others.sort());
      }
    }
    for (const client of present.values()) client.leave();
    clock.advance(120_000);
    expect([budget.usedBytes, clock.pendingTimers]).toEqual([0, 0]);
  },
);
