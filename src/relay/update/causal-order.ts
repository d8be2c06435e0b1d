import * as decoding from "lib0/decoding";
import { isAtSkip, readStruct, type StructVisitor } from "./update-reader.ts";
import type { Section } from "./update-sections.ts";
import type { Element } from "./update-slices.ts";

/** The position in a section: its structs before that are taken. */
interface Cursor {
  readonly client: number;
  /** The clock that follows the section's last struct. */
  readonly end: number;
  clock: number;
  offset: number;
  left: number;
}

/** A section that is taken up to the struct with `clock`, on which a struct of the section before it depends. */
interface Descent {
  readonly cursor: Cursor;
  readonly clock: number;
}

interface Found {
  readonly cursor: Cursor;
  readonly element: Element;
}

interface Dependency {
  readonly client: number;
  readonly clock: number;
}

/**
 * Orders the structs of an update so that each comes after the structs to which it refers: a client that has received
 * any number of them, in this order, has integrated them all.
 *
 * Structs for which there is no such order come last, section by section: they wait for structs that the update lacks
 * (behind a Skip, for instance), or for each other.
 */
export class CausalOrder {
  readonly #decoder: decoding.Decoder;
  readonly #cursors: readonly Cursor[];
  readonly #byClient = new Map<number, Cursor>();
  /** The way from a section to the one that is taken now. A section is in it once at most. */
  readonly #descents: Descent[] = [];
  readonly #descended = new Set<Cursor>();
  readonly #blocked = new Set<Cursor>();
  /** The index of the section that comes next when no section depends on another one. */
  #next = 0;
  #dependency: Dependency | undefined;
  readonly #visitor: StructVisitor = {
    struct: () => {},
    reference: (client, clock) => {
      const needed = this.#byClient.get(client);
      if (needed !== undefined && clock >= needed.clock) this.#dependency ??= { client, clock };
    },
  };

  constructor(update: Uint8Array, sections: readonly Section[]) {
    this.#decoder = decoding.createDecoder(update);
    this.#cursors = sections.map(({ client, clock, end, offset, count }) => ({
      client,
      end,
      clock,
      offset,
      left: count,
    }));
    for (const cursor of this.#cursors) this.#byClient.set(cursor.client, cursor);
  }

  /** Takes the next struct. Undefined when all are taken. */
  next(): Element | undefined {
    const found = this.#find() ?? this.#findBlocked();
    if (found === undefined) return undefined;
    const { cursor, element } = found;
    cursor.left -= element.skips + 1;
    cursor.offset = element.endOffset;
    cursor.clock = element.end;
    return element;
  }

  /** Finds a struct whose dependencies are all taken, or are not in the update. */
  #find(): Found | undefined {
    for (let descent = this.#descent(); descent !== undefined; descent = this.#descent()) {
      const { cursor } = descent;
      if (cursor.left === 0 || this.#blocked.has(cursor) || cursor.clock > descent.clock) {
        this.#descents.pop();
        this.#descended.delete(cursor);
        continue;
      }
      const element = this.#read(cursor);
      if (element === undefined) this.#blocked.add(cursor);
      else if (this.#dependency === undefined) return { cursor, element };
      else this.#descendFrom(cursor, this.#dependency);
    }
    return undefined;
  }

  #descent(): Descent | undefined {
    const last = this.#descents.at(-1);
    const cursor = this.#cursors[this.#next];
    if (last !== undefined || cursor === undefined) return last;
    this.#next += 1;
    return this.#descend(cursor, Number.POSITIVE_INFINITY);
  }

  #descendFrom(cursor: Cursor, { client, clock }: Dependency): void {
    const needed = this.#byClient.get(client);
    const isMissing = needed === undefined || clock >= needed.end;
    // A section that the way has passed waits for this one.
    if (isMissing || this.#blocked.has(needed) || this.#descended.has(needed)) this.#blocked.add(cursor);
    else this.#descend(needed, clock);
  }

  #descend(cursor: Cursor, clock: number): Descent {
    const descent = { cursor, clock };
    this.#descents.push(descent);
    this.#descended.add(cursor);
    return descent;
  }

  /** Reads the next struct of a section, and its first dependency that is not taken. Undefined for a Skip. */
  #read({ client, clock, offset }: Cursor): Element | undefined {
    this.#decoder.pos = offset;
    this.#dependency = undefined;
    if (isAtSkip(this.#decoder)) return undefined;
    const end = readStruct(this.#decoder, { client, clock }, this.#visitor);
    return { client, clock, end, skips: 0, offset, endOffset: this.#decoder.pos };
  }

  #findBlocked(): Found | undefined {
    for (const cursor of this.#blocked) {
      const element = cursor.left === 0 ? undefined : this.#readBlocked(cursor);
      if (element !== undefined) return { cursor, element };
      this.#blocked.delete(cursor);
    }
    return undefined;
  }

  /** Reads the next struct of a section behind its Skips. Undefined when only Skips are left. */
  #readBlocked({ client, clock: start, offset: startOffset, left }: Cursor): Element | undefined {
    this.#decoder.pos = startOffset;
    let clock = start;
    let skips = 0;
    for (; skips < left && isAtSkip(this.#decoder); skips += 1) {
      clock = readStruct(this.#decoder, { client, clock }, this.#visitor);
    }
    if (skips === left) return undefined;
    const offset = this.#decoder.pos;
    const end = readStruct(this.#decoder, { client, clock }, this.#visitor);
    return { client, clock, end, skips, offset, endOffset: this.#decoder.pos };
  }
}
