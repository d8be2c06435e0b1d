import { type RowId, type StoredDocument, type StoredUpdate, StoreError } from "../../../storage/store.ts";
import { type BaseSummary, decodeSummaryInSteps, readBaseDeletesInSteps } from "../../update/base-summary.ts";
import { IdSet } from "../../update/id-set.ts";
import { bytesPerStep, rangesPerStep, type Steps } from "../../update/large/steps.ts";
import type { DecodedUpdate } from "../../update/trim-update.ts";
import { ContentsReader, countsOf, decodeContents, type UpdateContents } from "../../update/update-contents.ts";

/** The parts of a stored document that take long to read. The others are read when they are needed. */
export interface ReadParts {
  readonly summary?: BaseSummary;
  /** By row, the contents of large updates. */
  readonly contents: ReadonlyMap<RowId, UpdateContents>;
  /** All clocks of the base, if they are many. */
  readonly held?: IdSet | undefined;
  /** The part of a large base that was not known when it was read. */
  readonly baseRest?: DecodedUpdate | undefined;
  /** The deletes of base and tail together, if they are large. */
  readonly deletes?: IdSet;
}

export const nothingRead: ReadParts = { contents: new Map() };

/** Reads what is large in a stored document. Throws `StoreError` corrupt for a row that does not hold a Yjs update. */
export function* readLargeParts(stored: StoredDocument | undefined): Steps<ReadParts> {
  if (stored === undefined) return nothingRead;
  const contents = new Map<RowId, UpdateContents>();
  for (const entry of stored.tail) {
    if (entry.update.byteLength > bytesPerStep) contents.set(entry.row, yield* readInSteps(entry));
  }
  if (stored.base === undefined) {
    return contents.size === 0
      ? nothingRead
      : { contents, deletes: yield* addDeletes(new IdSet(), stored.tail, contents) };
  }
  const { update } = stored.base;
  const summary = yield* readSummary(stored.base);
  const read = { contents, summary, held: yield* copyInSteps(summary.structs) };
  if (update.byteLength - summary.structBytes <= bytesPerStep && contents.size === 0) return read;
  const baseDeletes = yield* readBaseDeletesInSteps(update, summary);
  return { ...read, deletes: yield* addDeletes(baseDeletes, stored.tail, contents) };
}

/** Adds the deletes of all updates to `deletes`. */
function* addDeletes(
  deletes: IdSet,
  updates: readonly StoredUpdate[],
  contents: ReadonlyMap<RowId, UpdateContents>,
): Steps<IdSet> {
  for (const entry of updates) {
    const read = contents.get(entry.row);
    if (read === undefined) deletes.addAll(storedContents(entry).deletes);
    else yield* addInSteps(deletes, read.deletes);
  }
  return deletes;
}

function* readSummary(base: StoredUpdate & { readonly summary?: Uint8Array | undefined }): Steps<BaseSummary> {
  const known = base.summary && (yield* decodeSummaryInSteps(base.summary));
  if (known !== undefined) return known;
  const contents = yield* readInSteps(base);
  return { structs: contents.structs, structBytes: contents.structBytes, counts: countsOf(contents) };
}

/** As `storedContents`, in steps. */
export function* readInSteps({ row, update }: StoredUpdate): Steps<UpdateContents> {
  const reader = new ContentsReader(update);
  let read = reader.step(bytesPerStep);
  while (read === undefined) {
    yield;
    read = reader.step(bytesPerStep);
  }
  if (read.kind === "contents") return read;
  throw new StoreError("corrupt", describeMalformed(row, read.kind === "malformed" ? read.detail : "too large"));
}

/** A copy of a set; undefined for a small set, which is copied fast. */
function* copyInSteps(clocks: IdSet): Steps<IdSet | undefined> {
  return clocks.clientCount > rangesPerStep ? yield* addInSteps(new IdSet(), clocks) : undefined;
}

function* addInSteps(clocks: IdSet, added: IdSet): Steps<IdSet> {
  for (const part of added.parts(rangesPerStep)) {
    clocks.addAll(part);
    yield;
  }
  return clocks;
}

/** The contents of a stored row. Throws `StoreError` corrupt for a row that does not hold a Yjs update. */
export function storedContents({ row, update }: StoredUpdate): UpdateContents {
  const contents = decodeContents(update);
  if (contents.kind === "malformed") throw new StoreError("corrupt", describeMalformed(row, contents.detail));
  return contents;
}

/** Finds the updates that are no Yjs updates. `problem` is a phrase for people. */
export function* findDamaged<Update extends StoredUpdate>(
  updates: Iterable<Update>,
): Generator<{ readonly found: Update; readonly problem: string }> {
  for (const found of updates) {
    const contents = decodeContents(found.update);
    if (contents.kind === "malformed") yield { found, problem: describeMalformed(found.row, contents.detail) };
  }
}

function describeMalformed(row: RowId, detail: string): string {
  return `row ${row} does not hold a Yjs update: ${detail}`;
}
