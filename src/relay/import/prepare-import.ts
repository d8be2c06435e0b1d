import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import { type Store, type StoredDocument, type StoredUpdate, StoreError } from "../../storage/store.ts";
import { compactUpdates } from "../compaction/compact-updates.ts";
import { DocumentState } from "../document/document-state.ts";
import type { RelayLimits } from "../limits.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import { decodeContents } from "../update/update-contents.ts";
import { describeTooLarge, type GatheredUpdates, gatherUpdates } from "./gather-updates.ts";

/** A document that comes from elsewhere. */
export interface ForeignDocument {
  readonly name: string;
  /** V1; nobody has looked at them. */
  readonly updates: Iterable<Uint8Array>;
}

/** An update that a document lacks, and with which it was seen to load. */
export interface Addition {
  readonly update: Uint8Array;
  /** The document's log before it. */
  readonly log: readonly StoredUpdate[];
}

/** What is to become of a foreign document. */
export type PreparedImport = Refused | Prepared;

/** It cannot be taken over. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

export interface Prepared extends Omit<GatheredUpdates, "gathered"> {
  /**
   * Whether the store has no document of that name, or one that holds less, or one that holds everything. `empty`: there
   * is nothing to hold.
   */
  readonly kind: "new" | "merged" | "known" | "empty";
  /** Undefined when nothing is to be added. */
  readonly addition: Addition | undefined;
}

export interface PrepareImportOptions {
  /** Undefined when nothing is stored yet. */
  readonly store: Pick<Store, "load"> | undefined;
  readonly limits: RoomLimits & Pick<RelayLimits, "documentBytes">;
}

/**
 * Reads a foreign document and finds out what of it the store lacks; writes nothing.
 *
 * What is to be added is proven: together with what is stored it loads into a Yjs document, which then holds everything
 * that the foreign one held. Rejects with `StoreError`, except for a document that is damaged there, and with what reading
 * the updates throws.
 */
export async function prepareImport(
  { name, updates }: ForeignDocument,
  { store, limits }: PrepareImportOptions,
): Promise<PreparedImport> {
  const fault = checkRoomName(name, limits.nameBytes);
  if (fault !== undefined) return refused(fault);
  const { gathered, ...counts } = gatherUpdates(updates, limits.documentBytes);
  if (gathered === undefined) return refused(counts.reason ?? "it holds no update");
  if (gathered.contents.isEmpty) return { kind: "empty", addition: undefined, ...counts };
  try {
    const stored = await store?.load(name);
    const prepared = compare(gathered, stored, limits);
    return prepared.kind === "refused" ? prepared : { ...prepared, ...counts };
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
    return refused(`what is stored of it cannot be read: ${error.message}`);
  }
}

type Comparison = Refused | Pick<Prepared, "kind" | "addition">;

function compare(
  gathered: DecodedUpdate,
  stored: StoredDocument | undefined,
  { documentBytes }: Pick<RelayLimits, "documentBytes">,
): Comparison {
  const state = new DocumentState(stored);
  const verdict = state.classify(gathered);
  if (verdict.kind === "known") return { kind: "known", addition: undefined };
  const bytes = state.bytes + verdict.update.byteLength;
  if (bytes > documentBytes) return refused(describeTooLarge(bytes, documentBytes));
  const addition = { update: verdict.update, log: logOf(stored) };
  const loadFault = findFault(addition, gathered);
  if (loadFault !== undefined) return refused(loadFault);
  return { kind: stored === undefined ? "new" : "merged", addition };
}

/** Loads it, and says what is wrong if anything is. */
function findFault({ update, log }: Addition, { contents }: DecodedUpdate): string | undefined {
  try {
    const loaded = decodeContents(compactUpdates([...log.map((row) => row.update), update]).base);
    const holdsAll =
      loaded.kind === "contents" &&
      contents.structs.isWithin([loaded.structs]) &&
      contents.deletes.isWithin([loaded.deletes]);
    return holdsAll ? undefined : "Yjs cannot apply it to what is stored of it";
  } catch (error) {
    return `Yjs cannot load it with what is stored of it: ${error instanceof Error ? error.message : error}`;
  }
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}

/** The rows of a document, in an order in which they can be applied. */
export function logOf(stored: StoredDocument | undefined): readonly StoredUpdate[] {
  return stored?.base === undefined ? (stored?.tail ?? []) : [stored.base, ...stored.tail];
}
