import { describe, expect, test } from "bun:test";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { HeldSnapshot } from "../../../src/relay/snapshot/held-snapshot.ts";
import { SnapshotBudget } from "../../../src/relay/snapshot/snapshot-budget.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

interface Wanted {
  readonly address?: string;
  readonly connection?: string;
  readonly room?: object;
  readonly source?: object;
  readonly ownBytes?: number;
}

const memory = { addresses: { keyOf: (address: string) => address }, dropped: () => {} };

function setUp(changed: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const shares = { snapshotAddressBytes: 100, snapshotRoomBytes: 100, snapshotConnectionBytes: 100 };
  const limits = { ...defaultLimits, snapshotsBytes: 100, snapshotBurstBytes: 30, ...shares, ...changed };
  const budget = new SnapshotBudget({ limits, clock, metrics: createMetrics(), ...memory });
  const started = new Map<string, HeldSnapshot>();
  const ends: string[] = [];
  const request = (name: string, bytes: number, wanted: Wanted = {}) => ({
    load: { sources: new Map([[wanted.source ?? {}, bytes]]), ownBytes: wanted.ownBytes ?? 0 },
    connection: { id: wanted.connection ?? name, remoteAddress: wanted.address ?? name },
    room: wanted.room ?? {},
  });
  const admit = (name: string, bytes: number, wanted: Wanted = {}) =>
    budget.admit(request(name, bytes, wanted), (held) => {
      started.set(name, held);
      held.stoppable({
        stop: () => {
          ends.push(`stop ${name}`);
          held.replace({ sources: new Map(), ownBytes: wanted.ownBytes ?? 0 });
        },
        close: () => {
          ends.push(`close ${name}`);
          held.release();
        },
      });
    });
  const release = (name: string) => started.get(name)?.release();
  return { clock, budget, request, admit, release, started, ends, names: () => [...started.keys()] };
}

describe("the snapshot budget", () => {
  test("admits what fits immediately, and the rest as bytes are released", () => {
    const { admit, release, names } = setUp();
    admit("a", 15);
    admit("b", 15);
    admit("c", 10);
    admit("d", 1);
    expect(names()).toEqual(["a", "b"]);
    release("a");
    expect(names()).toEqual(["a", "b", "c", "d"]);
  });

  test("goes on after the start of a snapshot has failed", () => {
    const { budget, request, admit, names } = setUp();
    const fail = () => {
      throw new Error("a fault");
    };
    expect(() => budget.admit(request("fails", 15), fail)).toThrow("a fault");
    admit("a", 15);
    expect(names()).toEqual(["a"]);
  });

  test("lets a small snapshot pass a large one that does not fit", () => {
    const { admit, release, names } = setUp();
    admit("a", 60);
    admit("large", 60);
    admit("small", 10);
    expect(names()).toEqual(["a", "small"]);
    release("a");
    expect(names()).toEqual(["a", "small", "large"]);
  });

  test("admits a snapshot larger than the whole budget, alone", () => {
    const { admit, release, names } = setUp();
    admit("a", 10);
    admit("huge", 1_000);
    expect(names()).toEqual(["a"]);
    release("a");
    admit("b", 1);
    expect(names()).toEqual(["a", "huge"]);
    release("huge");
    expect(names()).toEqual(["a", "huge", "b"]);
  });

  test("gives addresses turns", () => {
    const { admit, release, names } = setUp();
    admit("first", 15);
    admit("second", 15);
    for (const name of ["a1", "a2", "a3"]) admit(name, 15, { address: "a" });
    admit("b1", 15, { address: "b" });
    release("first");
    release("second");
    expect(names()).toEqual(["first", "second", "a1", "b1"]);
  });

  test.each([
    ["address", "snapshotAddressBytes", { address: "one" }],
    ["room", "snapshotRoomBytes", { room: {} }],
    ["connection", "snapshotConnectionBytes", { connection: "one" }],
  ] as const)("bounds the snapshots of one %s", (_, limit, same) => {
    const { clock, admit, release, names } = setUp({ [limit]: 20 });
    admit("a", 15, same);
    admit("b", 15, same);
    clock.advance(500);
    admit("other", 15);
    expect(names()).toEqual(["a", "other"]);
    release("a");
    expect(names()).toEqual(["a", "other", "b"]);
  });

  test("keeps a part for small snapshots that begin, whatever is sent on slow links", () => {
    const { clock, admit, names } = setUp();
    for (const name of ["slow 1", "slow 2", "slow 3", "slow 4"]) {
      admit(name, 15);
      clock.advance(500);
    }
    admit("large", 20);
    admit("larger", 20);
    expect(names()).toEqual(["slow 1", "slow 2", "slow 3", "slow 4"]);
    admit("small", 15);
    expect(names()).toContain("small");
  });

  test("stops a snapshot whose link takes a trickle for one that waits, and no other one", () => {
    const { clock, admit, started, ends, names } = setUp();
    admit("steady", 30);
    admit("trickle", 30);
    for (let seconds = 0; seconds < 11; seconds += 1) {
      clock.advance(1_000);
      started.get("steady")?.progressed();
    }
    admit("waits", 20);
    clock.advance(250);
    expect(ends).toEqual(["stop trickle"]);
    expect(names()).toContain("waits");
  });

  test("closes a connection that takes nothing when that is all that is left to do", () => {
    const { clock, admit, ends, names } = setUp();
    admit("stalled", 10, { ownBytes: 50 });
    clock.advance(4_000);
    admit("waits", 40);
    clock.advance(15_000);
    expect(ends).toEqual(["stop stalled"]);
    clock.advance(2_000);
    expect([ends, names()]).toEqual([
      ["stop stalled", "close stalled"],
      ["stalled", "waits"],
    ]);
  });

  test("closes it as soon when the time of day is set back, and no sooner when it is set forward", () => {
    const { clock, admit, ends } = setUp();
    admit("stalled", 10, { ownBytes: 50 });
    clock.set(3_600_000);
    clock.advance(4_000);
    admit("waits", 40);
    clock.set(-7_200_000);
    clock.advance(5_000);
    expect(ends).toEqual([]);
    clock.advance(10_000);
    expect(ends).toEqual(["stop stalled"]);
    clock.advance(2_000);
    expect(ends).toEqual(["stop stalled", "close stalled"]);
  });

  test("begins with the address that holds most", () => {
    const { clock, admit, ends } = setUp();
    admit("quiet", 16, { address: "one" });
    admit("greedy 1", 16, { address: "other" });
    admit("greedy 2", 16, { address: "other" });
    clock.advance(11_000);
    admit("waits", 30);
    clock.advance(250);
    expect(ends).toEqual(["stop greedy 1"]);
  });

  test("makes room for what leaves the reserve", () => {
    const { clock, admit, ends } = setUp();
    admit("trickle", 60);
    clock.advance(11_000);
    admit("next", 15);
    clock.advance(500);
    expect(ends).toEqual(["stop trickle"]);
  });

  test("lets no request wait for ever, while others pass it", () => {
    const { clock, admit, started, names } = setUp();
    let count = 0;
    const small = () => {
      count += 1;
      const name = `small ${count}`;
      admit(name, 10, { address: `address ${count % 3}` });
      clock.after(3_000, () => started.get(name)?.release());
    };
    for (let begun = 0; begun < 6; begun += 1) {
      small();
      clock.advance(500);
    }
    admit("large", 70);
    expect(started.has("large")).toBe(false);
    for (let steps = 0; steps < 100 && !started.has("large"); steps += 1) {
      small();
      clock.advance(500);
    }
    expect(names()).toContain("large");
    expect(count).toBeLessThan(40);
  });

  test("releases bytes once, whether the snapshot is fresh or slow", () => {
    const { clock, admit, release, names } = setUp({ snapshotsBytes: 40 });
    admit("a", 15);
    release("a");
    release("a");
    admit("b", 15);
    clock.advance(500);
    release("b");
    release("b");
    for (const name of ["c", "d", "e"]) admit(name, 15);
    expect(names()).toEqual(["a", "b", "c", "d"]);
    for (const name of ["c", "d", "e"]) release(name);
    expect(clock.pendingTimers).toBeLessThanOrEqual(1);
    clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("counts the bytes that snapshots share once, until the last of them is released", () => {
    const { clock, admit, release, names } = setUp();
    const source = {};
    for (const name of ["a", "b", "c"]) admit(name, 15, { source });
    clock.advance(500);
    admit("other", 56);
    expect(names()).toEqual(["a", "b", "c"]);
    release("a");
    release("b");
    expect(names()).toEqual(["a", "b", "c"]);
    release("c");
    expect(names()).toEqual(["a", "b", "c", "other"]);
  });

  test("counts each client's pieces, and what cannot wait", () => {
    const { budget, request, admit, names } = setUp();
    const source = {};
    const held = Array.from({ length: 8 }, (_, index) =>
      budget.hold(request(`${index}`, 20, { source, ownBytes: 10 })),
    );
    admit("waits", 1);
    expect(names()).toEqual([]);
    held[0]?.release();
    held[0]?.release();
    expect(names()).toEqual(["waits"]);
  });
});
