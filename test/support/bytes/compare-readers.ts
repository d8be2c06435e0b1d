import * as encoding from "lib0/encoding";
import { FastUpdate } from "../../../src/relay/update/fast/fast-update.ts";
import { decodeContents } from "../../../src/relay/update/update-contents.ts";
import { TextTypist } from "../clients/text-typist.ts";
import { invent, mutate } from "./mutations.ts";
import type { Random } from "./random.ts";

export interface Comparison {
  /** The cases that the fast reader accepted. */
  accepted: number;
  /** The cases that were read differently. */
  readonly faults: string[];
}

const casesPerSession = 2_000;

/**
 * Reads mutated updates with the fast reader, and those that it accepts with the strict reader as well: both have to find
 * the same. The fast reader's findings, written as Yjs writes an update, have to be the update's bytes.
 */
export function compareReaders(random: Random, cases: number): Comparison {
  const comparison: Comparison = { accepted: 0, faults: [] };
  const found = new FastUpdate();
  let updates: readonly Uint8Array[] = [];
  for (let index = 0; index < cases; index += 1) {
    if (index % casesPerSession === 0) updates = session(random);
    const update = mutate(random, updates);
    const { bytes, start } = surrounded(random, update);
    if (!found.read(bytes, start, start + update.byteLength)) continue;
    comparison.accepted += 1;
    const difference = differenceOf(found, { bytes, update });
    if (difference !== undefined) comparison.faults.push(`${difference}: ${update.toHex()}`);
  }
  return comparison;
}

/** Updates of typists with short and long ids, and invented ones. */
function session(random: Random): readonly Uint8Array[] {
  const typists = [new TextTypist(random, 1 + random.integer(100)), new TextTypist(random)];
  const typed = typists.flatMap((typist) => typist.type(60));
  return [...typed, ...Array.from({ length: 20 }, () => invent(random))];
}

/** The update within other bytes, at random. */
function surrounded(random: Random, update: Uint8Array): { readonly bytes: Uint8Array; readonly start: number } {
  const start = random.integer(4);
  const bytes = new Uint8Array(start + update.byteLength + random.integer(4)).fill(random.integer(256));
  bytes.set(update, start);
  return { bytes, start };
}

function differenceOf(
  found: FastUpdate,
  { bytes, update }: { readonly bytes: Uint8Array; readonly update: Uint8Array },
): string | undefined {
  const strict = decodeContents(update);
  if (strict.kind === "malformed") return `malformed, ${strict.detail}`;
  const fast = found.contents();
  if (fast.structBytes !== strict.structBytes || strict.isEmpty) return "other struct bytes";
  if (!(fast.structs.isWithin([strict.structs]) && strict.structs.isWithin([fast.structs]))) return "other structs";
  if (!(fast.deletes.isWithin([strict.deletes]) && strict.deletes.isWithin([fast.deletes]))) return "other deletes";
  return Buffer.compare(written(found, bytes), update) === 0 ? undefined : "other bytes when it is written again";
}

/** The findings as an update. The parent of an item without origins is not among them: it is copied. */
function written(found: FastUpdate, bytes: Uint8Array): Uint8Array {
  const { client, clock, deletedClient, deletedClock, deletedEndClock } = found;
  return encoding.encode((encoder) => {
    const write = (...values: readonly number[]) => {
      for (const value of values) encoding.writeVarUint(encoder, value);
    };
    if (client < 0) write(0);
    else {
      write(1, 1, client, clock);
      writePlace(encoder, found, bytes);
      encoding.writeVarString(encoder, new TextDecoder("utf-8", { ignoreBOM: true }).decode(textOf(found, bytes)));
    }
    if (deletedClient < 0) write(0);
    else write(1, deletedClient, 1, deletedClock, deletedEndClock - deletedClock);
  });
}

function writePlace(encoder: encoding.Encoder, found: FastUpdate, bytes: Uint8Array): void {
  const { originClient, originClock, rightClient, rightClock, structOffset, lengthOffset } = found;
  if (originClient < 0 && rightClient < 0) {
    encoding.writeUint8Array(encoder, bytes.subarray(structOffset, lengthOffset));
    return;
  }
  encoding.writeUint8(encoder, 4 | (originClient < 0 ? 0 : 0x80) | (rightClient < 0 ? 0 : 0x40));
  if (originClient >= 0) for (const value of [originClient, originClock]) encoding.writeVarUint(encoder, value);
  if (rightClient >= 0) for (const value of [rightClient, rightClock]) encoding.writeVarUint(encoder, value);
}

function textOf({ textOffset, textEndOffset }: FastUpdate, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(textOffset, textEndOffset);
}
