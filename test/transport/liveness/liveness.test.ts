import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { Liveness, type Watched } from "../../../src/transport/liveness/liveness.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

/** A connection whose client is the test. */
class WatchedClient implements Watched {
  heardAt = 0;
  pingedAt: number | undefined;
  heldFor: number | undefined;
  lookAt: number | undefined;
  isReading = true;
  sendingMs = 0;
  pings = 0;
  heldAt: number | undefined;
  closedAt: number | undefined;
  /** Whether the client answers pings. */
  answers = false;
  readonly #liveness: Liveness;
  readonly #clock: FakeClock;

  constructor(liveness: Liveness, clock: FakeClock) {
    this.#liveness = liveness;
    this.#clock = clock;
    liveness.watch(this);
  }

  get isWatched(): boolean {
    return this.lookAt !== undefined;
  }

  say(): void {
    this.heardAt = this.#liveness.tick;
  }

  sendPing(): void {
    this.pings += 1;
    if (this.answers) this.#clock.after(20, () => this.say());
  }

  holdBack(): void {
    this.heldAt = this.#clock.now();
  }

  unanswered(): void {
    this.closedAt = this.#clock.now();
  }
}

function setUp() {
  const clock = new FakeClock();
  const liveness = new Liveness({ limits: defaultLimits, clock });
  const startedAt = clock.now();
  return { clock, liveness, startedAt, open: () => new WatchedClient(liveness, clock) };
}

describe("with the default limits", () => {
  test("a client that says nothing is pinged after 30 s, and closed 10 s later", () => {
    const { clock, startedAt, open } = setUp();
    const client = open();
    clock.advance(29_000);
    expect(client.pings).toBe(0);
    clock.advance(1_000);
    expect(client.pings).toBe(1);
    clock.advance(9_000);
    expect(client.closedAt).toBeUndefined();
    clock.advance(1_000);
    expect(client.closedAt).toBe(startedAt + 40_000);
    expect([client.pings, client.isWatched]).toEqual([1, false]);
  });

  test("a client that is last heard at any time is closed 39 to 40 s later", () => {
    const { clock, open } = setUp();
    for (const saysAfterMs of [0, 1, 400, 999, 1_000, 17_300, 29_999, 30_001, 38_500]) {
      const client = open();
      clock.advance(saysAfterMs);
      client.say();
      const saidAt = clock.now();
      clock.advance(41_000);
      expect((client.closedAt ?? 0) - saidAt).toBeWithin(39_000, 40_001);
    }
  });

  test("a client is held back for the last 2 s before its answer is due, and may still be heard", () => {
    const { clock, startedAt, open } = setUp();
    const [silent, late] = [open(), open()];
    clock.advance(39_000);
    expect([silent.heldAt, late.heldAt]).toEqual([startedAt + 38_000, startedAt + 38_000]);
    late.say();
    clock.advance(1_000);
    expect([silent.closedAt, late.closedAt]).toEqual([startedAt + 40_000, undefined]);
    clock.advance(38_000);
    // The next ping has all of its time.
    expect([late.pings, late.closedAt]).toEqual([2, undefined]);
    clock.advance(1_000);
    expect(late.closedAt).toBe(startedAt + 79_000);
  });

  test("a client that answers every ping stays, and is pinged once in 30 s", () => {
    const { clock, open } = setUp();
    const client = open();
    client.answers = true;
    clock.advance(600_000);
    expect(client.closedAt).toBeUndefined();
    expect(client.pings).toBe(20);
  });

  test("a client that says something every 29 s is never pinged", () => {
    const { clock, open } = setUp();
    const client = open();
    for (let count = 0; count < 100; count += 1) {
      clock.advance(29_000);
      client.say();
    }
    expect([client.pings, client.closedAt]).toEqual([0, undefined]);
  });

  test("a client that the server does not read is not closed, and has all its time from then on", () => {
    const { clock, open } = setUp();
    const client = open();
    clock.advance(35_000);
    client.isReading = false;
    clock.advance(300_000);
    expect([client.pings, client.closedAt]).toEqual([1, undefined]);
    client.isReading = true;
    client.say();
    clock.advance(29_000);
    expect(client.closedAt).toBeUndefined();
    clock.advance(41_000);
    expect(client.closedAt).toBeDefined();
  });

  test("a client that needs time for what was sent before the ping gets it", () => {
    const { clock, startedAt, open } = setUp();
    const client = open();
    client.sendingMs = 55_500;
    clock.advance(95_000);
    expect(client.closedAt).toBeUndefined();
    clock.advance(1_000);
    expect(client.closedAt).toBe(startedAt + 96_000);
  });

  test("a connection that has closed is not looked at again, and the last one stops the timer", () => {
    const { clock, liveness, open } = setUp();
    const [first, second] = [open(), open()];
    liveness.unwatch(first);
    liveness.unwatch(first);
    clock.advance(60_000);
    expect([first.pings, second.pings]).toEqual([0, 1]);
    expect(clock.pendingTimers).toBe(0);
    const third = open();
    clock.advance(30_000);
    expect(third.pings).toBe(1);
  });
});

test("time in which the process is stopped does not count: only ticks do, and the clock is not read", () => {
  const clock = new FakeClock();
  const stopped = {
    now: () => Number.NaN,
    elapsedMs: () => Number.NaN,
    after: clock.after.bind(clock),
    afterTurn: () => {},
  };
  const client = new WatchedClient(new Liveness({ limits: defaultLimits, clock: stopped }), clock);
  clock.advance(30_000);
  // However late the timer is, it is one tick: the pong in the receive buffer is read before the tenth.
  for (let tick = 1; tick < 10; tick += 1) clock.advance(1_000);
  expect([client.pings, client.closedAt]).toEqual([1, undefined]);
});

test("50,000 idle clients cost one timer, and their pings are spread over time", () => {
  const { clock, liveness } = setUp();
  const clients = Array.from({ length: 50_000 }, () => {
    const client = new WatchedClient(liveness, clock);
    client.sendPing = () => {
      client.pings += 1;
      client.say();
    };
    return client;
  });
  const pings = () => clients.reduce((sum, client) => sum + client.pings, 0);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(29_999);
  expect(pings()).toBe(0);
  let before = 0;
  let most = 0;
  for (let ms = 0; ms <= 2_000; ms += 1) {
    clock.advance(1);
    const now = pings();
    most = Math.max(most, now - before);
    before = now;
    expect(clock.pendingTimers).toBeLessThanOrEqual(2);
  }
  expect(most).toBe(200);
  expect(before).toBe(50_000);
  clock.advance(120_000);
  expect(pings()).toBeLessThanOrEqual(5 * 50_000);
  expect(clients.every(({ closedAt }) => closedAt === undefined)).toBe(true);
});

test("limits below a second are kept to a tenth", () => {
  const clock = new FakeClock();
  const liveness = new Liveness({ limits: { idlePingMs: 300, pingAnswerMs: 200 }, clock });
  const client = new WatchedClient(liveness, clock);
  clock.advance(279);
  expect(client.pings).toBe(0);
  clock.advance(21);
  expect(client.pings).toBe(1);
  clock.advance(179);
  expect(client.closedAt).toBeUndefined();
  clock.advance(21);
  expect(client.closedAt).toBeDefined();
});
