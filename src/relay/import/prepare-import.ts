import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import { type Store, type StoredDocument, type StoredUpdate, StoreError } from "../../storage/store.ts";
import { compactUpdates } from "../compaction/compact-updates.ts";
import { DocumentState } from "../document/document-state.ts";
import type { RelayLimits } from "../limits.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import { decodeContents } from "../update/update-contents.ts";
import {
  describeTooLarge,
  type ForeignDocument,
  type GatheredUpdates,
  type GatherUpdatesOptions,
  gatherUpdates,
} from "./gather-updates.ts";

/** An update that a stored document lacks. It was verified that the document loads with it. */
export interface Addition {
  readonly update: Uint8Array;
  /** The document's log without the update. */
  readonly log: readonly StoredUpdate[];
}

/** The decision about a foreign document. */
export type PreparedImport = Refused | Prepared;

/** The document cannot be imported. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

export interface Prepared extends Omit<GatheredUpdates, "gathered"> {
  /**
   * `new`: the store has no document of that name. `merged`: it has one that holds less. `known`: it has one that holds
   * everything. `empty`: the foreign document has no content.
   */
  readonly kind: "new" | "merged" | "known" | "empty";
  /** The update to store; undefined when there is nothing to add. */
  readonly addition: Addition | undefined;
}

export interface PrepareImportOptions {
  /** Undefined when nothing is stored yet. */
  readonly store: Pick<Store, "load"> | undefined;
  readonly limits: RoomLimits & Pick<RelayLimits, "documentBytes">;
  /** Whether the deleted content of the document with this name is kept. */
  readonly keepsDeleted: (name: string) => boolean;
}

/**
 * Reads a foreign document and finds the part of it that the store lacks. Writes nothing.
 *
 * The addition is verified: together with the stored log it loads into a Yjs document, which then holds everything that
 * the foreign document holds. Rejects with `StoreError`, except that a document damaged in the store is refused, and
 * with the errors that reading the updates throws.
 */
export async function prepareImport(
  { name, updates }: ForeignDocument,
  { store, limits, keepsDeleted }: PrepareImportOptions,
): Promise<PreparedImport> {
  const fault = checkRoomName(name, limits.nameBytes);
  if (fault !== undefined) return refused(fault);
  const { documentBytes } = limits;
  const target = { documentBytes, keepsDeleted: keepsDeleted(name) };
  const { gathered, ...counts } = gatherUpdates(updates, target);
  if (gathered === undefined) return refused(counts.reason ?? "it has no updates");
  if (gathered.contents.isEmpty) return { kind: "empty", addition: undefined, ...counts };
  try {
    const stored = await store?.load(name);
    if (stored?.deletedAt !== undefined) return refused("it is deleted here; undelete or purge it first");
    const prepared = compare(gathered, stored, target);
    return prepared.kind === "refused" ? prepared : { ...prepared, ...counts };
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
    return refused(`the stored document is unreadable: ${error.message}`);
  }
}

type Comparison = Refused | Pick<Prepared, "kind" | "addition">;

function compare(
  gathered: DecodedUpdate,
  stored: StoredDocument | undefined,
  target: GatherUpdatesOptions,
): Comparison {
  const state = new DocumentState(stored);
  const verdict = state.classify(gathered);
  if (verdict.kind === "known") return { kind: "known", addition: undefined };
  const addition = { update: verdict.update, log: logOf(stored) };
  const fault = findFault(addition, gathered, target);
  if (fault !== undefined) return refused(fault);
  return { kind: stored === undefined ? "new" : "merged", addition };
}

/**
 * Loads the stored log together with the addition. Returns the reason when that fails or loses content, or when the
 * two, compacted, exceed the limit: the log alone may contain much that was deleted.
 */
function findFault(
  { update, log }: Addition,
  { contents }: DecodedUpdate,
  { documentBytes, ...keeping }: GatherUpdatesOptions,
): string | undefined {
  try {
    const { base } = compactUpdates([...log.map((row) => row.update), update], keeping);
    if (base.byteLength > documentBytes) return describeTooLarge(base.byteLength, documentBytes);
    const loaded = decodeContents(base);
    const holdsAll =
      loaded.kind === "contents" &&
      contents.structs.isWithin([loaded.structs]) &&
      contents.deletes.isWithin([loaded.deletes]);
    return holdsAll ? undefined : "Yjs cannot apply it to the stored document";
  } catch (error) {
    return `Yjs cannot load it with the stored document: ${error instanceof Error ? error.message : error}`;
  }
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}

/** The rows of a document, the base first: an order in which they can be applied. */
export function logOf(stored: StoredDocument | undefined): readonly StoredUpdate[] {
  return stored?.base === undefined ? (stored?.tail ?? []) : [stored.base, ...stored.tail];
}
