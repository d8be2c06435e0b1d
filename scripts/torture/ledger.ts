import type * as Y from "yjs";
import { Ranges } from "../../src/lib/ranges.ts";
import { type Clocks, deletesIn, deletesOf, structsIn, structsOf } from "../../test/support/bytes/y-doc-facts.ts";

/** A part of the content of a document, in clocks by client. */
export interface Missing {
  readonly structs: Clocks;
  readonly deletes: Clocks;
}

/** The received content of a document: the clocks of structs and of deletes, as Yjs itself reads them from updates. */
export class Ledger {
  readonly #structs = new Map<number, Ranges>();
  readonly #deletes = new Map<number, Ranges>();
  #updates = 0;

  /** The number of updates that were added. */
  get updates(): number {
    return this.#updates;
  }

  add(update: Uint8Array): void {
    this.#updates += 1;
    enter(this.#structs, structsOf([update]));
    enter(this.#deletes, deletesOf([update]));
  }

  /** Adds content that was read from elsewhere than an update. */
  addClocks({ structs, deletes }: Missing): void {
    enter(this.#structs, structs);
    enter(this.#deletes, deletes);
  }

  /** The ledger as it is now. */
  copy(): Ledger {
    const copy = new Ledger();
    copy.addClocks({ structs: clocksOf(this.#structs), deletes: clocksOf(this.#deletes) });
    copy.#updates = this.#updates;
    return copy;
  }

  /** The content that `doc` lacks. Pending structs in it count as present. */
  missingFrom(doc: Y.Doc): Missing {
    return { structs: lacking(this.#structs, structsIn(doc)), deletes: lacking(this.#deletes, deletesIn(doc)) };
  }
}

/** The total number of clocks. */
export function countClocks(clocks: Clocks): number {
  let count = 0;
  for (const [, ranges] of clocks) for (const [start, end] of ranges) count += end - start;
  return count;
}

function clocksOf(ledger: ReadonlyMap<number, Ranges>): Clocks {
  return Array.from(ledger, ([client, ranges]) => [client, [...ranges]] as const);
}

function enter(ledger: Map<number, Ranges>, clocks: Clocks): void {
  for (const [client, ranges] of clocks) {
    const held = ledger.get(client) ?? new Ranges();
    ledger.set(client, held);
    for (const [start, end] of ranges) held.add(start, end);
  }
}

function lacking(seen: ReadonlyMap<number, Ranges>, held: Clocks): Clocks {
  const heldByClient = new Map<number, Ranges>();
  enter(heldByClient, held);
  return [...seen].flatMap(([client, ranges]) => {
    const missing = subtract(ranges, heldByClient.get(client) ?? new Ranges());
    return missing.length === 0 ? [] : [[client, missing] as const];
  });
}

function subtract(seen: Ranges, held: Ranges): (readonly [start: number, end: number])[] {
  const missing: [number, number][] = [];
  seen.forEach((start, end) => {
    for (let at = held.reach(start); at < end; ) {
      const next = Math.min(end, held.next(at));
      missing.push([at, next]);
      at = held.reach(next);
    }
  });
  return missing;
}
