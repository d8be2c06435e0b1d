import * as Y from "yjs";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import type { Classification } from "../../../src/relay/document/comparison/classification.ts";
import type { DocumentState } from "../../../src/relay/document/document-state.ts";
import { decodeSummary } from "../../../src/relay/update/base-summary.ts";
import { unpackUpdates } from "../../../src/relay/update/packed-updates.ts";
import { decodeContents, type Malformed, type UpdateContents } from "../../../src/relay/update/update-contents.ts";
import type { RowId } from "../../../src/storage/store.ts";

/** The verdict of a document on `update`, and the contents of the update. */
export function classify(
  state: DocumentState,
  update: Uint8Array,
): Malformed | (Classification & { readonly contents: UpdateContents }) {
  const contents = decodeContents(update);
  return contents.kind === "malformed" ? contents : { contents, ...state.classify({ update, contents }) };
}

/** The answer to a client with that state vector, as one update. */
export function answerOf(state: DocumentState, stateVector: Uint8Array): Uint8Array {
  const { before, update } = state.answer(stateVector);
  return before.length === 0 ? update : Y.mergeUpdates([...before, update]);
}

/** Compacts the rows committed so far, and runs `meanwhile` before the result is taken. */
export function compactState(state: DocumentState, row: () => RowId, meanwhile = () => {}): void {
  const cut = state.cut();
  const { base, summary } = compactUpdates(unpackUpdates(cut));
  const known = decodeSummary(summary);
  if (known === undefined) throw new Error("an unreadable summary");
  meanwhile();
  state.replace(cut, { base: { row: row(), update: base, summary: known }, quarantined: [] });
}
