import { describe, expect, test } from "bun:test";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { Pulse } from "../../../src/lib/time/pulse.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { Inbox } from "../../../src/transport/inbox.ts";
import { Scheduler } from "../../../src/transport/scheduling/scheduler.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

/** The microseconds of a slice, and of a turn, in frames of one microsecond. */
const slice = 4_000;
const turn = 250;

function setUp(limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  let elapsed = 0;
  const scheduler = new Scheduler({
    limits: { ...defaultLimits, ...limits },
    addresses: new CountedAddresses(),
    clock,
    pulse: new Pulse({
      intervalMs: 100,
      clock: { after: (ms, task) => clock.after(ms, task), elapsedMs: () => elapsed },
    }),
    elapsedMs: () => elapsed,
    metrics,
  });
  const handled: string[] = [];
  /** A client whose frames cost one microsecond each. */
  const connect = (name: string, address = `192.0.2.${name.charCodeAt(0)}`) => {
    const account = scheduler.open({ remoteAddress: address, cork: (task) => task() });
    const inbox = Inbox.ofTasks({
      limitBytes: Number.POSITIVE_INFINITY,
      turns: account,
      failed: (error) => {
        throw error;
      },
    });
    const send = (frames: number) => {
      for (let left = frames; left > 0; left -= 1) {
        inbox.push(1, () => {
          account.spend("frames", 1);
          handled.push(name);
        });
      }
    };
    return { account, inbox, send };
  };
  return {
    scheduler,
    clock,
    metrics,
    handled,
    connect,
    /** Lets the event loop read its sockets once, and gives one slice of turns. */
    nextSlice: () => {
      const before = handled.length;
      clock.endTurn();
      return handled.slice(before);
    },
    pass: (ms: number) => {
      elapsed += ms;
    },
  };
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

describe("the scheduler", () => {
  test("lets a client that is alone use all of the time, slice by slice", () => {
    const { connect, handled, nextSlice } = setUp();
    connect("a").send(3 * slice);
    expect(handled).toHaveLength(slice);
    expect(nextSlice()).toHaveLength(slice);
    expect(nextSlice()).toHaveLength(slice);
    expect(nextSlice()).toHaveLength(0);
  });

  test("handles each client's frames in order", () => {
    const { clock, connect } = setUp();
    const { account, inbox } = connect("a");
    const order: number[] = [];
    for (let index = 0; index < 3 * slice; index += 1) {
      inbox.push(1, () => {
        account.spend("frames", 1);
        order.push(index);
      });
    }
    clock.runTurns();
    expect(order).toEqual(Array.from({ length: 3 * slice }, (_, index) => index));
  });

  test("gives the clients that wait turns of the same length", () => {
    const { connect, nextSlice } = setUp();
    const clients = ["a", "b", "c", "d"].map((name) => connect(name));
    for (const { send } of clients) send(2 * slice);
    expect(count(nextSlice())).toEqual({ a: slice / 4, b: slice / 4, c: slice / 4, d: slice / 4 });
  });

  test("gives addresses turns, however many clients they have", () => {
    const { connect, nextSlice } = setUp();
    for (let index = 0; index < 50; index += 1) connect("a").send(slice);
    connect("b").send(slice);
    expect(count(nextSlice())).toEqual({ a: slice / 2, b: slice / 2 });
  });

  test("serves clients that have used less than their share before those that have used more", () => {
    const { connect, nextSlice } = setUp({ workBurstMs: 8 });
    const greedy = connect("a");
    greedy.send(6 * slice);
    nextSlice();
    nextSlice();
    connect("c").send(slice);
    connect("b").send(2 * turn);
    const next = nextSlice();
    expect(next.slice(0, 2 * turn)).toEqual(Array(2 * turn).fill("b"));
    expect(count(next)).toEqual({ a: slice - 2 * turn, b: 2 * turn });
  });

  test("serves a client that has used more than its share, although others use all of the time", () => {
    const { connect, nextSlice, pass } = setUp({ workBurstMs: 8 });
    const heavy = connect("a");
    heavy.send(6 * slice);
    for (let left = 3; left > 0; left -= 1) nextSlice();
    const others = Array.from({ length: 40 }, (_, index) => connect("b", `198.51.100.${index}`));
    const served = (ms: number) => {
      for (const { send } of others) send(turn);
      pass(ms);
      return count(nextSlice());
    };
    expect(served(1)).toEqual({ b: slice });
    expect(served(1_000)).toEqual({ a: turn, b: slice - turn });
  });

  test("lets a frame of a client within its share pass those that wait", () => {
    const { connect, handled, nextSlice } = setUp({ workBurstMs: 8 });
    const greedy = connect("a");
    greedy.send(6 * slice);
    nextSlice();
    connect("b").send(1);
    expect(handled.at(-1)).toBe("b");
    greedy.send(1);
    expect(handled.at(-1)).toBe("b");
  });

  test("forgets what was used at the rate of the share", () => {
    const { clock, connect } = setUp({ workBurstMs: 8, workMsPerSecond: 2 });
    const { account } = connect("a");
    account.spend("frames", 10_000);
    expect(account.hasExceeded).toBe(true);
    clock.advance(900);
    expect(account.hasExceeded).toBe(true);
    clock.advance(200);
    expect(account.hasExceeded).toBe(false);
  });

  test("counts the clients of an address together, and those of loopback alone", () => {
    const { connect } = setUp({ workBurstMs: 8, workAddressShare: 2 });
    const [one, other, third] = [connect("a"), connect("a"), connect("a")];
    const [local, otherLocal] = [connect("a", "127.0.0.1"), connect("a", "127.0.0.1")];
    for (const { account } of [one, other, local]) account.spend("frames", 8_001);
    expect(third.account.hasExceeded).toBe(true);
    expect(otherLocal.account.hasExceeded).toBe(false);
  });

  test("has no socket read any more when many frames come in a slice that is used up", () => {
    const { connect, nextSlice, scheduler } = setUp();
    let suspended = 0;
    const suspend = () => {
      suspended += 1;
    };
    scheduler.readFrom(() => [{ suspend }]);
    const { send } = connect("a");
    send(slice + 4_999);
    expect([suspended, scheduler.isReadingSuspended]).toEqual([0, false]);
    send(1);
    expect([suspended, scheduler.isReadingSuspended]).toEqual([1, true]);
    nextSlice();
    expect(scheduler.isReadingSuspended).toBe(false);
  });

  test("counts frames against a client's share when they come", () => {
    const { connect } = setUp({ workBurstMs: 8 });
    const { account } = connect("a");
    for (let frame = 0; frame < 8_000; frame += 1) account.received(0);
    expect(account.hasExceeded).toBe(false);
    account.received(0);
    expect(account.hasExceeded).toBe(true);
    expect(account.isOver).toBe(false);
  });

  test("gives no new share to an address that connects again, and forgets addresses that need none", () => {
    const { connect } = setUp({ workBurstMs: 8, workAddressShare: 1 });
    const greedy = connect("a", "198.51.100.1").account;
    greedy.spend("frames", 8_001);
    greedy.close();
    for (let client = 0; client < 3_000; client += 1)
      connect("b", `10.${client >> 8}.${client & 255}.1`).account.close();
    expect(connect("a", "198.51.100.1").account.hasExceeded).toBe(true);
  });

  test("ends a slice when tasks take longer than their work was estimated", () => {
    const { connect, handled, nextSlice, pass } = setUp();
    const { inbox, send } = connect("a");
    send(slice);
    for (let index = 0; index < 3; index += 1) {
      connect("b").inbox.push(1, () => {
        pass(5);
        handled.push("slow");
      });
    }
    inbox.push(1, () => {});
    expect(nextSlice()).toEqual(["slow"]);
    expect(nextSlice()).toEqual(["slow"]);
  });

  test("goes on when a task throws", () => {
    const { clock, connect, handled } = setUp();
    const { account } = connect("a");
    account.spend("frames", slice);
    account.wait(() => {
      throw new Error("thrown");
    });
    connect("b").send(1);
    expect(() => clock.endTurn()).toThrow("thrown");
    clock.runTurns();
    expect(handled).toEqual(["b"]);
  });

  test("counts all work, and how long turns were waited for", async () => {
    const { clock, connect, metrics } = setUp();
    const { account, send } = connect("a");
    send(slice + 1);
    account.spend("structs", 12);
    const waiting = async () => (await metrics.registry.metrics()).match(/yurt_waiting_connections (\d+)/)?.[1];
    expect(await waiting()).toBe("1");
    clock.runTurns();
    expect(await waiting()).toBe("0");
    const text = await metrics.registry.metrics();
    expect(text).toContain(`yurt_work_total{kind="frames"} ${slice + 1}`);
    expect(text).toContain('yurt_work_total{kind="structs"} 12');
    expect(text).toContain("yurt_turn_wait_seconds_count 1");
  });

  test("samples the lag of the event loop while there are connections", async () => {
    const { clock, connect, metrics, pass } = setUp();
    expect(clock.pendingTimers).toBe(0);
    const { account } = connect("a");
    pass(130);
    clock.advance(100);
    expect(await metrics.registry.metrics()).toContain("yurt_event_loop_lag_seconds_sum 0.03");
    account.close();
    account.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
