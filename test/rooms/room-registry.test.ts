import { expect, test } from "bun:test";
import * as prng from "lib0/prng";
import { type Lease, RoomRegistry } from "../../src/rooms/room-registry.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

interface Room {
  readonly name: string;
  readonly generation: number;
}

const lingerMs = 5_000;

/** A registry whose rooms open and close at once, unless the test holds the open or the close back. */
function setUp() {
  const events: string[] = [];
  const failures: [string, unknown][] = [];
  const clock = new FakeClock();
  const gates = {
    open: (_name: string): void | Promise<void> => {},
    close: (_name: string): void | Promise<void> => {},
  };
  let opened = 0;
  const registry = new RoomRegistry<Room>({
    async open(name) {
      opened += 1;
      const room = { name, generation: opened };
      events.push(`open ${name}`);
      await gates.open(name);
      return room;
    },
    async close({ name }) {
      events.push(`close ${name}`);
      await gates.close(name);
      events.push(`closed ${name}`);
    },
    closeFailed: (name, error) => failures.push([name, error]),
    lingerMs,
    clock,
  });
  return { registry, clock, events, failures, gates };
}

/** Whether the promise is still pending when everything that could run has run. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let hasSettled = false;
  const settle = (): void => {
    hasSettled = true;
  };
  promise.then(settle, settle);
  await settled();
  return !hasSettled;
}

test("concurrent acquires open a room once and share it", async () => {
  const { registry, events } = setUp();
  const [a, b, c] = await Promise.all([registry.acquire("x"), registry.acquire("x"), registry.acquire("x")]);
  expect(a.room).toBe(b.room);
  expect(b.room).toBe(c.room);
  expect((await registry.acquire("x")).room).toBe(a.room);
  expect(events).toEqual(["open x"]);
});

test("a room that opens synchronously is opened within the call of acquire", async () => {
  const names: string[] = [];
  const options = { open: (name: string) => names.push(name), close: () => {}, closeFailed: () => {} };
  const registry = new RoomRegistry<number>({ ...options, lingerMs, clock: new FakeClock() });
  const acquired = registry.acquire("x");
  expect(names).toEqual(["x"]);
  await acquired;
});

test("rooms of different names do not wait for each other", async () => {
  const { registry, gates } = setUp();
  gates.open = (name) => (name === "slow" ? new Promise<void>(() => {}) : undefined);
  const slow = registry.acquire("slow");
  expect((await registry.acquire("quick")).room.name).toBe("quick");
  expect(await isPending(slow)).toBe(true);
});

test("names are keys and nothing else", async () => {
  const { registry } = setUp();
  for (const name of ["__proto__", "constructor", "toString", ""]) {
    expect((await registry.acquire(name)).room.name).toBe(name);
  }
  expect(registry.size).toBe(4);
});

test("a room stays open while a lease is held, and lingerMs longer", async () => {
  const { registry, clock, events } = setUp();
  const a = await registry.acquire("x");
  const b = await registry.acquire("x");
  a.release();
  clock.advance(10 * lingerMs);
  expect(events).toEqual(["open x"]);
  b.release();
  clock.advance(lingerMs - 1);
  expect(events).toEqual(["open x"]);
  expect(registry.size).toBe(1);
  clock.advance(1);
  expect(events).toEqual(["open x", "close x"]);
  expect(registry.size).toBe(0);
});

test("releasing twice counts once", async () => {
  const { registry, clock, events } = setUp();
  const a = await registry.acquire("x");
  await registry.acquire("x");
  a.release();
  a.release();
  clock.advance(10 * lingerMs);
  expect(events).toEqual(["open x"]);
});

test("an acquire while the room lingers keeps it, and the next linger starts again", async () => {
  const { registry, clock, events } = setUp();
  const first = await registry.acquire("x");
  first.release();
  clock.advance(lingerMs - 1);
  const second = await registry.acquire("x");
  expect(second.room).toBe(first.room);
  clock.advance(10 * lingerMs);
  expect(events).toEqual(["open x"]);
  second.release();
  clock.advance(lingerMs - 1);
  expect(events).toEqual(["open x"]);
  clock.advance(1);
  expect(events).toEqual(["open x", "close x"]);
});

test("a lease that is released late does not touch the room that was opened since", async () => {
  const { registry, clock, events } = setUp();
  const old = await registry.acquire("x");
  old.release();
  clock.advance(lingerMs);
  const current = await registry.acquire("x");
  old.release();
  clock.advance(10 * lingerMs);
  expect(current.room).not.toBe(old.room);
  expect(events).toEqual(["open x", "close x", "closed x", "open x"]);
});

test("a room whose holders release while it opens for others stays open", async () => {
  const { registry, clock, events, gates } = setUp();
  const gate = Promise.withResolvers<void>();
  gates.open = () => gate.promise;
  const first = registry.acquire("x").then((lease) => lease.release());
  const second = registry.acquire("x");
  gate.resolve();
  await first;
  clock.advance(10 * lingerMs);
  await second;
  expect(events).toEqual(["open x"]);
  expect(clock.pendingTimers).toBe(0);
});

test("an acquire while a room closes waits for the end of the close and opens it again, once", async () => {
  const { registry, clock, events, gates } = setUp();
  const gate = Promise.withResolvers<void>();
  gates.close = () => gate.promise;
  const old = await registry.acquire("x");
  old.release();
  clock.advance(lingerMs);
  const waiting = Promise.all([registry.acquire("x"), registry.acquire("x")]);
  expect(await isPending(waiting)).toBe(true);
  expect(events).toEqual(["open x", "close x"]);
  gate.resolve();
  const [a, b] = await waiting;
  expect(a.room).toBe(b.room);
  expect(a.room).not.toBe(old.room);
  expect(events).toEqual(["open x", "close x", "closed x", "open x"]);
});

test("an acquire while a room closes is reported to that room, and to no other", async () => {
  const requested: string[] = [];
  const gates = new Map<string, () => void>();
  const clock = new FakeClock();
  const registry = new RoomRegistry<string>({
    open: (name) => name,
    close: (name) => new Promise<void>((resolve) => gates.set(name, resolve)),
    reopenRequested(name) {
      requested.push(name);
      gates.get(name)?.();
    },
    closeFailed: () => {},
    lingerMs,
    clock,
  });
  for (const name of ["x", "y"]) (await registry.acquire(name)).release();
  clock.advance(lingerMs);
  expect(requested).toEqual([]);
  await registry.acquire("x");
  expect(requested).toEqual(["x"]);
});

test("a failed open rejects every acquire that waits for it, and is forgotten", async () => {
  const { registry, events, gates } = setUp();
  const failure = new Error("no disk");
  gates.open = () => Promise.reject(failure);
  const attempts = await Promise.allSettled([registry.acquire("x"), registry.acquire("x")]);
  expect(attempts).toEqual([
    { status: "rejected", reason: failure },
    { status: "rejected", reason: failure },
  ]);
  expect(registry.size).toBe(0);
  gates.open = () => {};
  expect((await registry.acquire("x")).room.generation).toBe(2);
  expect(events).toEqual(["open x", "open x"]);
});

test("an open that throws synchronously rejects and is forgotten", async () => {
  let broken = true;
  const registry = new RoomRegistry<string>({
    open(name) {
      if (broken) throw new Error("no disk");
      return name;
    },
    close: () => {},
    closeFailed: () => {},
    lingerMs,
    clock: new FakeClock(),
  });
  await expect(registry.acquire("x")).rejects.toThrow("no disk");
  broken = false;
  expect((await registry.acquire("x")).room).toBe("x");
});

test("a failed close is reported, and the room can be opened again", async () => {
  const { registry, clock, failures, gates } = setUp();
  const failure = new Error("no disk");
  gates.close = () => Promise.reject(failure);
  (await registry.acquire("x")).release();
  clock.advance(lingerMs);
  expect((await registry.acquire("x")).room.generation).toBe(2);
  expect(failures).toEqual([["x", failure]]);
});

test("a close that throws synchronously is reported", async () => {
  const failures: string[] = [];
  const clock = new FakeClock();
  const registry = new RoomRegistry<string>({
    open: (name) => name,
    close() {
      throw new Error("no disk");
    },
    closeFailed: (name, error) => failures.push(`${name}: ${error}`),
    lingerMs,
    clock,
  });
  (await registry.acquire("x")).release();
  clock.advance(lingerMs);
  await registry.drain();
  expect(failures).toEqual(["x: Error: no disk"]);
});

test("size and iteration show the rooms that are open", async () => {
  const { registry, clock, gates } = setUp();
  gates.open = (name) => (name === "opening" ? new Promise<void>(() => {}) : undefined);
  gates.close = () => new Promise<void>(() => {});
  const closing = await registry.acquire("closing");
  closing.release();
  clock.advance(lingerMs);
  (await registry.acquire("lingering")).release();
  await registry.acquire("held");
  const opening = registry.acquire("opening");
  expect(await isPending(opening)).toBe(true);
  expect([...registry].map((room) => room.name)).toEqual(["lingering", "held"]);
  expect([...registry.entries()].map(([name, room]) => [name, room.name])).toEqual([
    ["lingering", "lingering"],
    ["held", "held"],
  ]);
  expect(registry.size).toBe(2);
});

test("drain closes the rooms that are held and those that linger", async () => {
  const { registry, clock, events } = setUp();
  await registry.acquire("held");
  (await registry.acquire("lingering")).release();
  await registry.drain();
  expect(events.slice(2).sort()).toEqual(["close held", "close lingering", "closed held", "closed lingering"]);
  expect(registry.size).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test("drain waits for rooms that are being opened, and their acquires reject", async () => {
  const { registry, events, gates } = setUp();
  const gate = Promise.withResolvers<void>();
  gates.open = () => gate.promise;
  const acquired = registry.acquire("x");
  const drained = registry.drain();
  expect(await isPending(drained)).toBe(true);
  gate.resolve();
  await expect(acquired).rejects.toThrow("the room registry is shutting down");
  await drained;
  expect(events).toEqual(["open x", "close x", "closed x"]);
});

test("drain waits for closes that have begun before it, and acquires that wait for them reject", async () => {
  const { registry, clock, events, gates } = setUp();
  const gate = Promise.withResolvers<void>();
  gates.close = () => gate.promise;
  (await registry.acquire("x")).release();
  clock.advance(lingerMs);
  const acquired = registry.acquire("x");
  const drained = registry.drain();
  expect(await isPending(drained)).toBe(true);
  gate.resolve();
  await expect(acquired).rejects.toThrow("the room registry is shutting down");
  await drained;
  expect(events).toEqual(["open x", "close x", "closed x"]);
});

test("drain resolves when an open or a close fails", async () => {
  const { registry, failures, gates } = setUp();
  await registry.acquire("closes badly");
  gates.open = () => Promise.reject(new Error("no disk"));
  gates.close = () => Promise.reject(new Error("no disk"));
  const acquired = registry.acquire("opens badly");
  const drained = registry.drain();
  await expect(acquired).rejects.toThrow("no disk");
  await drained;
  expect(failures.map(([name]) => name)).toEqual(["closes badly"]);
});

test("after drain acquires reject, releases do nothing, and a second drain waits for the first", async () => {
  const { registry, clock, events, gates } = setUp();
  const gate = Promise.withResolvers<void>();
  gates.close = () => gate.promise;
  const lease: Lease<Room> = await registry.acquire("x");
  const drained = registry.drain();
  await expect(registry.acquire("y")).rejects.toThrow("the room registry is shutting down");
  lease.release();
  expect(clock.pendingTimers).toBe(0);
  const again = registry.drain();
  expect(await isPending(again)).toBe(true);
  gate.resolve();
  await Promise.all([drained, again]);
  expect(events).toEqual(["open x", "close x", "closed x"]);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "no name ever has two rooms, and no leased room is closed (seed %d)",
  async (seed) => {
    const random = prng.create(seed);
    const clock = new FakeClock();
    const alive = new Map<string, string>();
    const held: Lease<Room>[] = [];
    let generation = 0;
    /** Takes some turns of the event loop, or fails. */
    const trouble = async (): Promise<void> => {
      for (let turns = prng.uint32(random, 0, 2); turns > 0; turns -= 1) await settled();
      if (prng.uint32(random, 0, 5) === 0) throw new Error("no disk");
    };
    const begin = (name: string, phase: string): void => {
      expect(alive.get(name)).toBe(phase === "closing" ? "open" : undefined);
      alive.set(name, phase);
    };
    const registry = new RoomRegistry<Room>({
      async open(name) {
        begin(name, "opening");
        await trouble().catch((error: unknown) => {
          alive.delete(name);
          throw error;
        });
        alive.set(name, "open");
        generation += 1;
        return { name, generation };
      },
      async close(room) {
        begin(room.name, "closing");
        expect(held.map((lease) => lease.room)).not.toContain(room);
        await trouble().finally(() => alive.delete(room.name));
      },
      closeFailed: (_name, error) => expect(error).toEqual(new Error("no disk")),
      lingerMs: 3,
      clock,
    });
    const acquires: Promise<void>[] = [];
    const acquire = async (name: string): Promise<void> => {
      try {
        held.push(await registry.acquire(name));
      } catch (error) {
        expect(error).toEqual(new Error("no disk"));
      }
    };
    for (let step = 0; step < 5_000; step += 1) {
      const action = prng.uint32(random, 0, 4);
      if (action <= 1) acquires.push(acquire(prng.oneOf(random, ["a", "b"])));
      else if (action === 2) for (const lease of held.splice(0, prng.uint32(random, 1, 8))) lease.release();
      else if (action === 3) clock.advance(prng.uint32(random, 1, 4));
      else await settled();
    }
    await Promise.all(acquires);
    for (const lease of held.splice(0)) lease.release();
    await registry.drain();
    expect([...alive]).toEqual([]);
    expect(generation).toBeGreaterThan(100);
  },
);

test("a room that is closed by its name is opened anew, whoever holds a lease of the old one", async () => {
  const { registry, events, clock } = setUp();
  const old = await registry.acquire("x");
  await registry.close("x");
  const lease = await registry.acquire("x");
  expect(lease.room.generation).toBe(2);
  // The old lease keeps nothing open, and closes nothing.
  old.release();
  clock.advance(lingerMs);
  await settled();
  expect(events).toEqual(["open x", "close x", "closed x", "open x"]);
  lease.release();
  clock.advance(lingerMs);
  await settled();
  expect(events.slice(4)).toEqual(["close x", "closed x"]);
});

test("a room that lingers is closed by its name once", async () => {
  const { registry, events, clock } = setUp();
  (await registry.acquire("x")).release();
  await Promise.all([registry.close("x"), registry.close("x"), registry.close("other")]);
  clock.advance(lingerMs);
  await settled();
  expect(events).toEqual(["open x", "close x", "closed x"]);
});

test("a room that is closed by its name while it opens is closed once it is open, and later acquires get the next", async () => {
  const { registry, events, gates } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  gates.open = () => promise;
  const before = registry.acquire("x");
  const closing = registry.close("x");
  const after = registry.acquire("x");
  gates.open = () => {};
  resolve();
  await closing;
  expect((await before).room.generation).toBe(1);
  expect((await after).room.generation).toBe(2);
  expect(events).toEqual(["open x", "close x", "closed x", "open x"]);
});

test("closing a room by its name waits for a close that runs, and a failed open leaves nothing to close", async () => {
  const { registry, clock, gates } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  gates.close = () => promise;
  (await registry.acquire("x")).release();
  clock.advance(lingerMs);
  const closing = registry.close("x");
  expect(await isPending(closing)).toBe(true);
  resolve();
  await closing;
  gates.open = () => Promise.reject(new Error("on command"));
  const acquiring = registry.acquire("y").catch(() => "failed");
  await registry.close("y");
  expect(await acquiring).toBe("failed");
});

test("a room is given when it is open, or has opened, and not while it closes", async () => {
  const { registry, gates } = setUp();
  const given: string[] = [];
  const give = (when: string) => registry.whenOpen("x", ({ generation }) => given.push(`${when} ${generation}`));
  give("before");
  const gate = Promise.withResolvers<void>();
  gates.open = () => gate.promise;
  const acquiring = registry.acquire("x");
  give("opening");
  expect(given).toEqual([]);
  gate.resolve();
  await acquiring;
  give("open");
  registry.whenAllOpen(({ name }) => given.push(`all ${name}`));
  await registry.close("x");
  give("closed");
  await settled();
  expect(given).toEqual(["opening 1", "open 1", "all x"]);
});

test("a room that fails to open is not given", async () => {
  const { registry, gates } = setUp();
  gates.open = () => Promise.reject(new Error("unreadable"));
  const acquiring = registry.acquire("x").catch(() => "failed");
  registry.whenAllOpen(() => expect.unreachable());
  expect(await acquiring).toBe("failed");
  await settled();
});
