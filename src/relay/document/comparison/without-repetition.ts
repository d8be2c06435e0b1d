import type { IdSet } from "../../update/id-set.ts";
import { type DecodedUpdate, trimUpdate } from "../../update/trim-update.ts";

/**
 * Cuts off the part of an update that is known. A peer's whole state repeats everything that is held, and each SyncStep2
 * repeats all deletes.
 *
 * Cutting saves space, and it protects clients: a client that has different structs for the same clocks throws in
 * `Y.applyUpdate` at a struct that extends beyond them, and the update alone does not show that.
 *
 * Structs are cut as in a SyncStep2, at the first gap. Structs held behind a gap are repeated: they are pending in the
 * clients, and Yjs can keep them pending for ever unless one update brings them together with all that they wait for.
 */
export function withoutRepetition(
  read: DecodedUpdate,
  knownStructs: readonly IdSet[],
  knownDeletes: readonly IdSet[],
): DecodedUpdate {
  const { structs, deletes } = read.contents;
  const repeatedStructs = structs.repeatedUpTo(knownStructs);
  if (repeatedStructs.size === 0 && !deletes.overlaps(knownDeletes)) return read;
  return trimUpdate(read, { structs: repeatedStructs, deletes: knownDeletes });
}
