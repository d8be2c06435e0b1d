import type { Clock } from "../lib/time/clock.ts";
import type { Classification } from "./document/comparison/classification.ts";
import type { DocumentState } from "./document/document-state.ts";
import type { SyncMember } from "./sync-member.ts";
import type { IdSet } from "./update/id-set.ts";
import type { DecodedUpdate } from "./update/trim-update.ts";
import type { UpdateContents } from "./update/update-contents.ts";

export interface RefusedMembersOptions {
  readonly state: Pick<DocumentState, "lacking">;
  /** Sends a member SyncStep1. Returns false if it must not be sent. */
  readonly ask: (member: SyncMember) => boolean;
  /** Compacts the document, and resolves with the bytes that it has space for. */
  readonly makeSpace: () => Promise<number>;
  readonly clock: Clock;
}

/** The verdict about an update that is not known. */
export type NewUpdate = Exclude<Classification, { readonly kind: "known" }>;

/** An update for which the document had no space. */
export interface RefusedUpdate extends Pick<DecodedUpdate, "contents"> {
  /** The space that it needs. */
  readonly bytes: number;
}

/** The updates of a member that were refused. */
interface Refusal {
  readonly bytes: number;
  /** The structs in them that were not deleted, as far as they are recorded. */
  readonly structs: IdSet;
  /** The number of clocks in `structs`, and that of ranges. */
  readonly clocks: number;
  readonly ranges: number;
  /** The number of those clocks that the member has deleted since. */
  deletedClocks: number;
  /** Whether a SyncStep1 is unanswered. */
  isAsked: boolean;
}

/** A review waits this long after the first update that is stored, and covers those that follow meanwhile. */
const reviewMs = 5_000;
/** When a member's refused updates have this many ranges of clocks, the clocks of its next ones are not recorded. */
const maxRecordedRanges = 10_000;

/**
 * The members that hold updates for which the document had no space.
 *
 * Such a member stays in the room: its user can undo what was too large, or others can make space. Its client never
 * sends a refused update again by itself, and later updates of the same client depend on it. Stored alone, those would
 * be invisible to everybody, and for ever if the member does not return. So they are refused as well, and the member is
 * asked for all that the document lacks, with SyncStep1, once that is likely to have a place: when the member has deleted
 * half of what was refused, when the document has space for it, or when others have brought half of it.
 *
 * The answer repeats everything that was refused, so a member is not asked without such a reason.
 */
export class RefusedMembers {
  readonly #options: RefusedMembersOptions;
  readonly #refusals = new Map<SyncMember, Refusal>();
  #cancelReview: (() => void) | undefined;
  /** Whether updates with deletes were committed since the last review. */
  #hasDeletes = false;

  constructor(options: RefusedMembersOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#refusals.size === 0;
  }

  has(member: SyncMember): boolean {
    return this.#refusals.has(member);
  }

  /** Records that an update of a member was refused. */
  add(member: SyncMember, refused: RefusedUpdate): void {
    const earlier = this.#refusals.get(member);
    this.#refusals.set(member, earlier === undefined ? refusalOf(refused) : sumOf(earlier, refused));
  }

  /** As `add`, for the answer to a SyncStep1: it contains everything that was refused before. */
  replace(member: SyncMember, refused: RefusedUpdate): void {
    this.#refusals.set(member, refusalOf(refused));
  }

  /** Whether an update of this member must be refused because it depends on one that was. */
  holdsBack(member: SyncMember, { kind, contents }: NewUpdate): boolean {
    const refusal = this.#refusals.get(member);
    if (refusal === undefined) return false;
    const { structs, deletes } = contents;
    const deletedUnseen = this.#options.state.lacking(deletes).without([structs]);
    if (kind !== "incomplete" && deletedUnseen.isEmpty) return false;
    refusal.deletedClocks += deletedUnseen.clockCount;
    if (isHalf(refusal.deletedClocks, refusal)) this.#ask(member, refusal);
    return true;
  }

  /** Records that the document has stored an update with these contents. */
  stored({ deletes }: UpdateContents): void {
    if (this.#refusals.size === 0) return;
    if (!deletes.isEmpty) this.#hasDeletes = true;
    this.#cancelReview ??= this.#options.clock.after(reviewMs, () => void this.#review());
  }

  /** Forgets a member that has left, or whose answer to a SyncStep1 was taken. */
  delete(member: SyncMember): void {
    if (!this.#refusals.delete(member) || this.#refusals.size > 0) return;
    this.#cancelReview?.();
    this.#cancelReview = undefined;
    this.#hasDeletes = false;
  }

  async #review(): Promise<void> {
    this.#cancelReview = undefined;
    const mayHaveSpace = this.#hasDeletes;
    this.#hasDeletes = false;
    const space = mayHaveSpace ? await this.#options.makeSpace() : 0;
    for (const [member, refusal] of this.#refusals) {
      const missingClocks = this.#options.state.lacking(refusal.structs).clockCount;
      if (refusal.bytes <= space || isHalf(refusal.clocks - missingClocks, refusal)) this.#ask(member, refusal);
    }
  }

  #ask(member: SyncMember, refusal: Refusal): void {
    if (!refusal.isAsked) refusal.isAsked = this.#options.ask(member);
  }
}

/** Whether these clocks are at least half of those that were refused, if there were any. */
function isHalf(goneClocks: number, { clocks }: Refusal): boolean {
  return clocks > 0 && 2 * goneClocks >= clocks;
}

function refusalOf({ bytes, contents }: RefusedUpdate): Refusal {
  const structs = contents.structs.without([contents.deletes]);
  return { bytes, structs, clocks: structs.clockCount, ranges: structs.rangeCount, deletedClocks: 0, isAsked: false };
}

function sumOf(earlier: Refusal, { bytes: addedBytes, contents }: RefusedUpdate): Refusal {
  const bytes = earlier.bytes + addedBytes;
  if (earlier.ranges >= maxRecordedRanges) return { ...earlier, bytes };
  const added = contents.structs.without([contents.deletes, earlier.structs]);
  earlier.structs.addAll(added);
  const clocks = earlier.clocks + added.clockCount;
  return { ...earlier, bytes, clocks, ranges: earlier.ranges + added.rangeCount };
}
