import * as Y from "yjs";
import { IdSet } from "./id-set.ts";
import type { DecodedUpdate } from "./trim-update.ts";
import { type ContentIds, decodeContents } from "./update-contents.ts";

/**
 * Rewrites an update that is not written as Yjs writes it today (old releases wrote clients in any order, for
 * instance).
 *
 * Undefined when Yjs cannot read it, or when the result would hold more or fewer clocks. Slow, and it takes much
 * memory.
 */
export function normalizeUpdate(update: Uint8Array): DecodedUpdate | undefined {
  try {
    const given = readLeniently(update);
    const doc = new Y.Doc({ gc: false });
    Y.applyUpdate(doc, update);
    const normalized = Y.encodeStateAsUpdate(doc);
    const contents = decodeContents(normalized);
    if (contents.kind === "malformed" || !haveSameIds(contents, given)) return undefined;
    return { update: normalized, contents };
  } catch {
    return undefined;
  }
}

/**
 * Whether an update holds exactly the given structs, and deletes at least the given deletes. It may delete more of the
 * given structs: Yjs deletes overwritten map entries, for example, while it integrates.
 */
function haveSameIds({ structs, deletes }: ContentIds, given: ContentIds): boolean {
  return (
    given.structs.isWithin([structs]) &&
    structs.isWithin([given.structs]) &&
    given.deletes.isWithin([deletes]) &&
    deletes.isWithin([given.deletes, given.structs])
  );
}

/**
 * Reads an update as Yjs does, which is less strict than `decodeContents`.
 *
 * Yjs accepts NaN as a number, and counts larger than the update itself, for which `Y.applyUpdate` would allocate
 * memory. An update that passes here has neither.
 */
function readLeniently(update: Uint8Array): ContentIds {
  const { structs, ds } = Y.decodeUpdate(update);
  const clocks = { structs: new IdSet(), deletes: new IdSet() };
  for (const struct of structs) {
    if (!(struct instanceof Y.Skip)) addRange(clocks.structs, struct.id, struct.length);
  }
  for (const [client, ranges] of ds.clients) {
    for (const { clock, len } of ranges) addRange(clocks.deletes, { client, clock }, len);
  }
  return clocks;
}

function addRange(clocks: IdSet, { client, clock }: { client: number; clock: number }, length: number): void {
  const end = clock + length;
  if (![client, clock, end].every(Number.isSafeInteger)) throw new RangeError("number out of range");
  clocks.add(client, clock, end);
}
