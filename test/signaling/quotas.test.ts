import { describe, expect, test } from "bun:test";
import { defaultLimits, type Limits } from "../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { boundOptions, Quotas, type SignalingBound } from "../../src/signaling/quotas.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

function setUp(limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const { log, events: logged } = recordedLog();
  const quotas = new Quotas({
    addresses: new CountedAddresses(),
    limits: { ...defaultLimits, ...limits },
    clock,
    log,
    metrics,
  });
  const open = (address?: string) => {
    const connection = new FakeConnection(crypto.randomUUID(), address);
    const gone = new AbortController();
    const quota = quotas.open(connection, { url: new URL("ws://localhost/"), signal: gone.signal });
    return { connection, quota, leave: () => gone.abort() };
  };
  const met = async (bound: SignalingBound) => {
    const { values } = await metrics.bounds.get();
    return values.find(({ labels }) => labels.bound === boundOptions[bound])?.value ?? 0;
  };
  return { clock, open, met, logged };
}

/** Counts the messages that are sent at once, and returns the wait of the next one. */
async function atOnce(spend: () => boolean | Promise<boolean>): Promise<{ count: number; waiting: Promise<boolean> }> {
  for (let count = 0; count < 1_000_000; count += 1) {
    const spent = spend();
    if (spent instanceof Promise) return { count, waiting: spent };
  }
  throw new Error("nothing waits");
}

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol("pending");
  await settled();
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

describe("a connection", () => {
  test("requests access as often as it may join documents at once, then at its rate", async () => {
    const { clock, open, met } = setUp();
    const { quota, leave } = open();
    const { count, waiting } = await atOnce(() => quota.requestAccess());
    expect([count, await met("authorization-rate")]).toEqual([1_000, 1]);
    clock.advance(33);
    expect(await isSettled(waiting)).toBe(false);
    clock.advance(1);
    expect(await waiting).toBe(true);
    const late = quota.requestAccess();
    leave();
    expect(await late).toBe(false);
  });

  test("publishes its burst at once, then at its rate; a message over the rate waits and is counted once", async () => {
    const { clock, open, met } = setUp();
    const { quota } = open();
    const { count, waiting } = await atOnce(() => quota.spend(1));
    expect([count, await met("publish-rate")]).toEqual([400, 1]);
    clock.advance(33);
    expect(await isSettled(waiting)).toBe(false);
    clock.advance(1);
    expect(await waiting).toBe(true);
    expect(await met("publish-rate")).toBe(1);
    clock.advance(1_000);
    expect((await atOnce(() => quota.spend(1))).count).toBe(30);
  });

  test("causes no more deliveries than its fan-out budget, which fills within 10 s", async () => {
    const { clock, open, met } = setUp();
    const { quota } = open();
    const { count, waiting } = await atOnce(() => quota.spend(199));
    expect([count, await met("fan-out"), await met("publish-rate")]).toEqual([100, 1, 0]);
    // 100 are left of 20,000; the other 99 come with 2,000 a second.
    clock.advance(49);
    expect(await isSettled(waiting)).toBe(false);
    clock.advance(1);
    expect(await waiting).toBe(true);
    clock.advance(10_000);
    expect((await atOnce(() => quota.spend(19_999))).count).toBe(1);
  });

  test("does not wait for ever for a message to more receivers than its whole budget", () => {
    const { open } = setUp({ fanOutDeliveries: 10 });
    expect(open().quota.spend(50)).toBe(true);
  });

  test("has a message delivered at once, later, or not at all when it disconnects while the message waits", async () => {
    const { clock, open } = setUp({ publishBurst: 1, publishesPerSecond: 1 });
    const { quota, leave } = open();
    const delivered: string[] = [];
    const session = { deliver: (message: string) => void delivered.push(message) };
    expect(quota.afterSpending(1, session, "at once")).toBeUndefined();
    expect(delivered).toEqual(["at once"]);
    const later = quota.afterSpending(1, session, "later");
    expect(delivered).toEqual(["at once"]);
    clock.advance(1_000);
    await later;
    const dropped = quota.afterSpending(1, session, "dropped");
    leave();
    await dropped;
    expect(delivered).toEqual(["at once", "later"]);
  });

  test("that disconnects while it waits sends nothing more, and leaves no timer", async () => {
    const { clock, open } = setUp();
    const { quota, leave } = open();
    quota.frameReceived();
    quota.joinedRoom();
    const { waiting } = await atOnce(() => quota.spend(1));
    leave();
    expect(await waiting).toBe(false);
    expect(await quota.spend(1)).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("an address", () => {
  const connections = 20;

  test("over its rate wakes each waiting connection once, in the order of their messages", async () => {
    const { clock, open, met } = setUp({ publishBurst: 1, publishesPerSecond: 1, publishAddressShare: 2 });
    for (const sender of [open("192.0.2.7"), open("192.0.2.7")]) expect(sender.quota.spend(1)).toBe(true);
    const timers = clock.pendingTimers;
    const waiting = Array.from({ length: 3 }, async () => open("192.0.2.7").quota.spend(1));
    await settled();
    expect([clock.pendingTimers - timers, await met("address-publish-rate")]).toEqual([3, 3]);
    for (const sent of waiting) {
      expect(await isSettled(sent)).toBe(false);
      clock.advance(500);
      expect(await sent).toBe(true);
    }
  });

  test.each([
    ["192.0.2.7", () => "192.0.2.7"],
    ["one /64", (index: number) => `2001:db8::${index.toString(16)}`],
  ])("publishes five times as much as a connection: %s", async (_, addressOf) => {
    const { clock, open, met } = setUp();
    const clients = Array.from({ length: connections }, (_, index) => open(addressOf(index)));
    let next = 0;
    const spend = () => {
      next += 1;
      return clients[next % connections]?.quota.spend(1) ?? false;
    };
    const { count, waiting } = await atOnce(spend);
    expect([count, await met("address-publish-rate")]).toEqual([2_000, 1]);
    expect(open("198.51.100.1").quota.spend(1)).toBe(true);
    clock.advance(7);
    expect(await waiting).toBe(true);
  });

  test("of this machine has no limit of its own", async () => {
    const { open, met } = setUp();
    for (let index = 0; index < 10; index += 1) {
      const { quota } = open("127.0.0.1");
      expect((await atOnce(() => quota.spend(1))).count).toBe(400);
    }
    expect(await met("address-publish-rate")).toBe(0);
  });
});

describe("a client", () => {
  test("that sends nothing in 20 s is pinged, and closed only if it answers neither that nor with a frame", async () => {
    const { clock, open } = setUp();
    const [silent, early, answering, late, gone] = [open(), open(), open(), open(), open()];
    clock.advance(19_999);
    early.quota.frameReceived();
    clock.advance(1);
    answering.connection.pong();
    late.quota.frameReceived();
    gone.connection.disconnect();
    clock.advance(2_999);
    await settled();
    expect(silent.connection.isOpen).toBe(true);
    clock.advance(1);
    await settled();
    expect(silent.connection.closeReason).toEqual(closeReasons.timeout);
    expect(silent.connection.closeDetail).toStartWith("limits.first-frame-ms: no frame in 20000 ms");
    expect([early, answering, late].map(({ connection }) => connection.isOpen)).toEqual([true, true, true]);
  });

  test("that meets a bound is in the log with the bound's option", () => {
    const { open, logged } = setUp();
    const { quota } = open();
    quota.met("room-members");
    quota.met("frame-bytes", "limits.peerjs-frame-bytes: a frame of 9 bytes");
    expect(logged).toEqual([
      { level: "info", event: "signaling-bound", reason: "room-members", detail: "limits.signaling-room-members" },
      {
        level: "info",
        event: "signaling-bound",
        reason: "frame-bytes",
        detail: "limits.peerjs-frame-bytes: a frame of 9 bytes",
      },
    ]);
  });

  test("that is in no room for 60 s is closed, and not before", async () => {
    const { clock, open } = setUp();
    const { connection, quota } = open();
    quota.frameReceived();
    clock.advance(59_999);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(connection.closeReason).toEqual(closeReasons.timeout);
    expect(connection.closeDetail).toStartWith("limits.without-room-ms: in no room for 60000 ms");
  });

  test("may be in rooms without a time limit, and out of all of them for 60 s", () => {
    const { clock, open } = setUp();
    const { connection, quota } = open();
    quota.frameReceived();
    quota.joinedRoom();
    quota.joinedRoom();
    clock.advance(3_600_000);
    quota.leftRoom();
    clock.advance(3_600_000);
    quota.leftRoom();
    clock.advance(59_999);
    quota.joinedRoom();
    clock.advance(60_000);
    expect(connection.isOpen).toBe(true);
    quota.leftRoom();
    clock.advance(60_000);
    expect(connection.isOpen).toBe(false);
  });

  test("that has disconnected is forgotten", async () => {
    const { clock, open } = setUp();
    const { connection, quota } = open();
    connection.disconnect();
    quota.closed();
    clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("costs no timer of its own", () => {
    const { clock, open } = setUp();
    for (let index = 0; index < 1_000; index += 1) open();
    expect(clock.pendingTimers).toBe(2);
  });
});
