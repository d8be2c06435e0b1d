import { expect, test } from "bun:test";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { type AwarenessEntry, encodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import { awarenessRoom } from "../support/awareness-room.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";

const bound = 3;
const names = ["a", "b", "c", "d"];
const ids = 40;
const state = '{"some":"state"}';

function someUpdate(random: Random): AwarenessEntry[] {
  const count = random.chance(0.4) ? 1 : random.integer(8);
  return Array.from({ length: count }, () => ({
    clientId: random.integer(ids),
    clock: 1 + random.integer(12),
    state: random.chance(0.2) ? undefined : state,
  }));
}

/** A room whose members come, go, are hidden and send anything. */
class World {
  readonly #room = awarenessRoom({ ...defaultLimits, awarenessClientsPerConnection: bound, awarenessClients: 60 });
  readonly #random: Random;
  readonly connected = new Set<string>();
  /** Each departure can leave ids without a primary, which stay for 30 s. */
  departures = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#room.awareness.joined("reader");
  }

  step(): void {
    const { awareness, clock } = this.#room;
    const name = this.#random.pick(names);
    if (!this.connected.has(name)) this.#join(name);
    else if (this.#random.chance(0.04)) this.#leave(name);
    else if (this.#random.chance(0.03)) awareness.hidden(name);
    else void awareness.updateReceived(name, encodeAwareness(someUpdate(this.#random)));
    clock.advance(this.#random.integer(1_000));
  }

  /** The ids that have a state. */
  present(): number[] {
    const { awareness, clock, take } = this.#room;
    clock.advance(100);
    take("reader");
    awareness.query("reader");
    return (take("reader").at(-1) ?? []).map(([id]) => id);
  }

  /** Lets everything expire that is not renewed. */
  expire(): void {
    this.#room.clock.advance(40_000);
  }

  /** Lets a member pass on new ids, more than it may. Returns how many were taken. */
  passOn(name: string): number {
    const first = 1_000 * (1 + names.indexOf(name));
    const entries = Array.from({ length: bound + 2 }, (_, index) => ({ clientId: first + index, clock: 1, state }));
    void this.#room.awareness.updateReceived(name, encodeAwareness(entries));
    return this.present().filter((id) => id >= first && id < first + entries.length).length;
  }

  #join(name: string): void {
    this.#room.awareness.joined(name);
    this.connected.add(name);
  }

  #leave(name: string): void {
    this.#room.awareness.left(name);
    this.connected.delete(name);
    this.departures += 1;
  }
}

test("members never bring more ids than their bound and an own one, whatever they send and whoever leaves", () => {
  withSeeds(200, (random) => {
    const world = new World(random);
    for (let step = 0; step < 120; step += 1) {
      world.step();
      const { connected, departures } = world;
      expect(world.present().length).toBeLessThanOrEqual(connected.size * (bound + 1) + departures * bound);
    }
    // The places of what has expired can be taken again: no id is counted for ever.
    world.expire();
    for (const name of world.connected) expect(world.passOn(name)).toBe(bound);
  });
});
