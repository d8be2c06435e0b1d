import { type Compactor, CompactorClosed } from "../compaction/compactor.ts";
import type { RelayLimits } from "../limits.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import { type ContentCounts, countsOf, type UpdateContents } from "../update/update-contents.ts";
import type { TriedSize } from "./compacted/tried-size.ts";
import type { Document } from "./document.ts";
import type { CountLimits } from "./document-state.ts";
import type { WaitingUpdates, WaitingWrite } from "./waiting-updates.ts";

/** A fact about an update that has been found out since it was last decided upon. */
export type Finding =
  /** The document was compacted after the update had come. */
  | { readonly kind: "compacted" }
  /** The document was compacted together with the update. */
  | { readonly kind: "tried"; readonly size: TriedSize };

/** A bound on the counts of a document, and the count that the document would have. */
export interface ExceededCount {
  readonly option: "limits.document-structs" | "limits.document-clients" | "limits.document-deleted-ranges";
  readonly count: number;
  readonly limit: number;
}

/** The collaborators that the size limits of all documents share. */
export interface SizeLimitCollaborators {
  readonly compactor: Pick<Compactor, "closed">;
  readonly limits: DocumentLimits & Pick<RelayLimits, "relayFrameBytes">;
}

export interface SizeLimitOptions {
  readonly shared: SizeLimitCollaborators;
  readonly document: Pick<Document, "state" | "keepsDeleted" | "compact" | "sizeWith">;
  readonly waiting: Pick<WaitingUpdates<WaitingWrite>, "bytes" | "settled">;
}

/** The bounds on one document. */
export type DocumentLimits = CountLimits & Pick<RelayLimits, "documentBytes">;

/**
 * Decides whether the document has space for an update.
 *
 * The limit holds for the compacted document, because its log contains what users have deleted as well. As long as the
 * log is within the limit, that size need not be known. Beyond the limit the document is compacted first; then the
 * update is stored if the log has space for it, or if it shrinks what it is compacted with. The log never exceeds the
 * limit, or a document that is larger already, by more than one frame.
 *
 * An update that only deletes is stored without a compaction, so that users can always make space. Deleted content leaves
 * marks: where single characters of a text are deleted, its compaction is up to twelve times as large as the text.
 */
export class SizeLimit {
  readonly #options: SizeLimitOptions;

  constructor(options: SizeLimitOptions) {
    this.#options = options;
  }

  /** Whether an update of so many bytes fits that has at most one struct and one deleted range. */
  isWithin(bytes: number): boolean {
    const { document, shared, waiting } = this.#options;
    const { limits } = shared;
    const isWithin = document.state.bytes + waiting.bytes + bytes <= limits.documentBytes;
    return isWithin && document.state.hasCountsWithin(limits);
  }

  /**
   * Returns a promise if a compaction has to show more; the caller asks again with what it has found. Other updates may
   * have been stored meanwhile. The promise rejects with `CompactorClosed`.
   */
  decide({ update, contents }: DecodedUpdate, finding: Finding | undefined): "fits" | "too-large" | Promise<Finding> {
    const { document, shared, waiting } = this.#options;
    const { limits } = shared;
    const { state } = document;
    const logBytes = state.bytes + waiting.bytes;
    const exceeded = this.exceededCount(contents);
    if (exceeded === undefined && logBytes + update.byteLength <= limits.documentBytes) return "fits";
    // No compaction makes the clients fewer.
    if (exceeded?.option === "limits.document-clients") return "too-large";
    const mostBytes = Math.max(limits.documentBytes, state.baseBytes);
    // Structs that their own update deletes leave marks: in a document that is larger already there is no end to them.
    const deletionBytes = contents.structs.isEmpty ? mostBytes : limits.documentBytes;
    const isWithinFrame = logBytes + update.byteLength <= deletionBytes + limits.relayFrameBytes;
    const mayExceed = exceeded === undefined || this.#mayExceed(exceeded, contents);
    if (isWithinFrame && mayExceed && this.#isDeletion(contents)) return "fits";
    if (finding === undefined) return this.#compact();
    if (finding.kind === "compacted") return contents.deletes.isEmpty ? "too-large" : this.#try(update);
    const { size } = finding;
    if (!this.#fitCounts(size.counts)) return "too-large";
    const addedBytes = state.appendedBytes + waiting.bytes - size.appendedBytes;
    if (size.bytes + addedBytes > Math.max(limits.documentBytes, state.bytes)) return "too-large";
    // Otherwise another member has used the frame that the log may exceed its limit by, until the next compaction.
    return logBytes <= mostBytes ? "fits" : this.#compact();
  }

  /** The bound that the counts of the document would exceed with an update; undefined when they would exceed none. */
  exceededCount(contents: UpdateContents): ExceededCount | undefined {
    const { document, shared } = this.#options;
    const { limits } = shared;
    const { structs, clients, deletedRanges } = document.state.counts;
    const added = countsOf(contents);
    if (structs + added.structs > limits.documentStructs) {
      return { option: "limits.document-structs", count: structs + added.structs, limit: limits.documentStructs };
    }
    if (deletedRanges + added.deletedRanges > limits.documentDeletedRanges) {
      const [count, limit] = [deletedRanges + added.deletedRanges, limits.documentDeletedRanges];
      return { option: "limits.document-deleted-ranges", count, limit };
    }
    if (clients + contents.structs.clientCount <= limits.documentClients) return undefined;
    const newClients = document.state.newClients(contents);
    if (newClients === 0 || clients + newClients <= limits.documentClients) return undefined;
    return { option: "limits.document-clients", count: clients + newClients, limit: limits.documentClients };
  }

  /** Deletions may exceed the bound on deleted ranges: users can always make space. */
  #mayExceed({ option, count, limit }: ExceededCount, { structs }: UpdateContents): boolean {
    return option === "limits.document-deleted-ranges" && structs.isEmpty && count <= 2 * limit;
  }

  #fitCounts({ structs, deletedRanges }: ContentCounts): boolean {
    const { document, shared } = this.#options;
    const { limits } = shared;
    const { counts } = document.state;
    const isWithin = structs <= Math.max(limits.documentStructs, counts.structs);
    return isWithin && deletedRanges <= Math.max(limits.documentDeletedRanges, counts.deletedRanges);
  }

  async #compact(): Promise<Finding> {
    const { document, shared, waiting } = this.#options;
    await waiting.settled();
    await document.compact();
    if (shared.compactor.closed.aborted) throw new CompactorClosed();
    return { kind: "compacted" };
  }

  async #try(update: Uint8Array): Promise<Finding> {
    await this.#options.waiting.settled();
    return { kind: "tried", size: await this.#options.document.sizeWith(update) };
  }

  /**
   * Whether nothing but marks of deleted content is left of the update once it is compacted. Deletes of content that the
   * document lacks do not count: there is no end to them.
   */
  #isDeletion({ structs, deletes }: UpdateContents): boolean {
    const { keepsDeleted, state } = this.#options.document;
    if (!(keepsDeleted ? structs.isEmpty : structs.isWithin([deletes]))) return false;
    return state.lacking(deletes).isWithin([structs]);
  }
}
