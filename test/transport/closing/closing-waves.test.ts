import { describe, expect, test } from "bun:test";
import { type CloseReason, closeReasons } from "../../../src/transport/close-reason.ts";
import { closeInWaves } from "../../../src/transport/closing/closing-waves.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

interface Closed {
  readonly connection: number;
  readonly at: number;
  readonly reason: CloseReason;
}

/** Closes so many connections in waves, and returns when each was closed, in milliseconds from the start. */
async function close(count: number, durationMs: number, { storeFails = false, handlingMs = 0 } = {}) {
  const clock = new FakeClock(0);
  const closed: Closed[] = [];
  const events: string[] = [];
  const sessions = Array.from({ length: count }, (_, connection) => {
    let pausedAt = Number.POSITIVE_INFINITY;
    return {
      connection: {
        pause: () => {
          events.push("paused");
          pausedAt = clock.now();
        },
        close: (reason: CloseReason) => {
          events.push("closed");
          closed.push({ connection, at: clock.now(), reason });
        },
      },
      get waitingBytes() {
        return clock.now() - pausedAt < handlingMs ? 10 : 0;
      },
    };
  });
  const settle = async () => {
    events.push("settled");
    if (storeFails) await new Promise(() => {});
  };
  let endedAt: number | undefined;
  void closeInWaves(sessions, { settle, reason: closeReasons.restart, durationMs, clock }).then(() => {
    endedAt = clock.now();
  });
  for (let steps = 0; endedAt === undefined && steps < 1_000; steps += 1) {
    // The wait for the next wave begins after a promise.
    for (let promises = 0; promises < 10; promises += 1) await Promise.resolve();
    if (endedAt === undefined) clock.advance(10);
  }
  const waves = Array.from(Map.groupBy(closed, ({ at }) => at).values(), (wave) => wave.length);
  return { closed, endedAt: endedAt ?? Number.POSITIVE_INFINITY, waves, events };
}

describe("connections that are closed in waves", () => {
  test("are closed a hundred at a time, all but the last hundred, each once", async () => {
    const { closed, endedAt, waves } = await close(1_000, 10_000);
    // Two waves may come in the same step of the clock.
    expect(waves.every((wave) => wave === 100 || wave === 200)).toBeTrue();
    expect(closed).toHaveLength(900);
    expect(new Set(closed.map(({ connection }) => connection)).size).toBe(900);
    expect(closed.every(({ reason }) => reason === closeReasons.restart)).toBeTrue();
    expect(endedAt).toBeWithin(8 * 250, 9 * 250 + 20);
  });

  test("are closed in larger waves if the time demands it, and within the time", async () => {
    for (const count of [4_100, 50_000]) {
      const { endedAt, waves } = await close(count, 10_000);
      const size = Math.ceil(count / 40);
      expect(Math.max(...waves)).toBeLessThanOrEqual(2 * size);
      expect(waves.reduce((sum, wave) => sum + wave)).toBe(39 * size);
      expect(endedAt).toBeWithin(9_500, 9_770);
    }
  });

  test("are read no more, then told of everything that is stored, then closed", async () => {
    const { events } = await close(200, 10_000);
    const hundred = (event: string) => Array.from({ length: 100 }, () => event);
    // The last wave is not closed, and not read any more.
    expect(events).toEqual([...hundred("paused"), "settled", ...hundred("closed"), ...hundred("paused")]);
  });

  test("are closed when the frames are handled that have come before, or a second later", async () => {
    const [{ closed: soon, endedAt }, { closed: late }] = [
      await close(200, 10_000, { handlingMs: 400 }),
      await close(200, 10_000, { handlingMs: 4_000 }),
    ];
    expect(soon[0]?.at).toBeWithin(400, 420);
    expect(endedAt).toBeWithin(800, 1_080);
    expect(late[0]?.at).toBeWithin(1_000, 1_020);
  });

  test("do not wait for long for a store that fails", async () => {
    const { closed, endedAt } = await close(300, 10_000, { storeFails: true });
    expect(closed).toHaveLength(200);
    expect(endedAt).toBeWithin(2_000, 2_300);
  });

  test("are closed in a random order, with random times between the waves", async () => {
    const runs = [await close(500, 10_000), await close(500, 10_000)];
    const orders = runs.map(({ closed }) => closed.map(({ connection }) => connection).join());
    expect(orders[0]).not.toBe(orders[1]);
    const [{ closed } = { closed: [] }] = runs;
    const times = [...new Set(closed.map(({ at }) => at))];
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  test.each([
    [100, 10_000],
    [5_000, 0],
    [5_000, 100],
  ])("stay open to the end if %i make one wave in %i ms", async (count, durationMs) => {
    expect(await close(count, durationMs)).toMatchObject({ closed: [], endedAt: 0, waves: [] });
  });
});
