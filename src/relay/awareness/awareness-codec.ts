import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { DecodeError, decodeNext, readEnd, readUint } from "../update/strict-decoding.ts";
import { parseStrictly } from "../update/strict-json.ts";

/** One client's entry of an awareness update. */
export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** The state as JSON text; undefined for `null`, which removes the client. */
  readonly state: string | undefined;
}

/** An entry before its state is read. */
export interface EntryHead {
  readonly clientId: number;
  readonly clock: number;
  /** The bytes of the state as JSON. */
  readonly bytes: number;
}

/** The part of an awareness update that is read in one step. */
export interface ReadOptions {
  /** The step ends after so many entries, or with the entry that reaches so many bytes. */
  readonly entries: number;
  readonly bytes: number;
  /** A longer state, in characters, is returned without a check that it is JSON. */
  readonly stateLength: number;
  /** Whether an entry is returned. The state of another one is skipped. */
  readonly isNeeded: (head: EntryHead) => boolean;
}

/** The bytes of `null`, which removes a client. */
export const removalBytes = 4;
/** An awareness update without entries. */
export const emptyAwareness: Uint8Array = Uint8Array.of(0);

/** An entry has at least an id, a clock, and the length of its state. */
const leastEntryBytes = 3;

/** Reads an awareness update in steps. */
export class AwarenessReader {
  /** The number of entries of the update. */
  readonly count: number;
  readonly #decoder: decoding.Decoder;
  #left: number;

  /** Throws `DecodeError`. */
  constructor(body: Uint8Array) {
    this.#decoder = decoding.createDecoder(body);
    this.count = decodeNext(this.#decoder, readUint);
    this.#left = this.count;
    // A larger count is invalid, and is rejected before any entry is read.
    if (this.count * leastEntryBytes > body.byteLength) throw new DecodeError("more awareness entries than bytes");
    this.#checkEnd();
  }

  /** The number of entries that are not read. */
  get left(): number {
    return this.#left;
  }

  /**
   * Reads the next entries. Throws `DecodeError`, also for a state that is not JSON, which clients parse without a
   * check, and for bytes behind the last entry.
   */
  read(options: ReadOptions): readonly AwarenessEntry[] {
    const entries = decodeNext(this.#decoder, (decoder) => this.#readEntries(decoder, options));
    this.#checkEnd();
    return entries;
  }

  #readEntries(decoder: decoding.Decoder, { entries, bytes, stateLength, isNeeded }: ReadOptions): AwarenessEntry[] {
    const needed: AwarenessEntry[] = [];
    const last = Math.max(0, this.#left - entries);
    const end = decoder.pos + bytes;
    while (this.#left > last && decoder.pos < end) {
      this.#left -= 1;
      const head = { clientId: readUint(decoder), clock: readUint(decoder), bytes: decoding.peekVarUint(decoder) };
      const { clientId, clock } = head;
      if (isNeeded(head)) needed.push({ clientId, clock, state: readState(decoder, stateLength) });
      else skipState(decoder);
    }
    return needed;
  }

  #checkEnd(): void {
    if (this.#left === 0) readEnd(this.#decoder);
  }
}

/** Decodes a whole awareness update. Throws `DecodeError`. */
export function decodeAwareness(body: Uint8Array): readonly AwarenessEntry[] {
  const unbounded = Number.POSITIVE_INFINITY;
  const reader = new AwarenessReader(body);
  return reader.read({ entries: unbounded, bytes: unbounded, stateLength: unbounded, isNeeded: () => true });
}

export function encodeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length);
    for (const { clientId, clock, state } of entries) {
      encoding.writeVarUint(encoder, clientId);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, state ?? "null");
    }
  });
}

/** The entry of an update that holds one state and nothing else. */
export function loneState(entries: readonly AwarenessEntry[]): AwarenessEntry | undefined {
  return entries.length === 1 && entries[0]?.state !== undefined ? entries[0] : undefined;
}

function readState(decoder: decoding.Decoder, maxLength: number): string | undefined {
  const text = decoding.readVarString(decoder);
  return text.length <= maxLength && parseStrictly(text) === null ? undefined : text;
}

/** Throws `DecodeError` for a state that ends beyond its update. */
function skipState(decoder: decoding.Decoder): void {
  const length = readUint(decoder);
  decoder.pos += length;
  if (decoder.pos > decoder.arr.length) throw new DecodeError("unexpected end of data");
}
