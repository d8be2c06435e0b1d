import type { UpdateContents } from "../../update/update-contents.ts";

/** The verdict of `DocumentState.classify`: the relation of an update to a document. */
export type Classification =
  | {
      /** The update changes nothing. */
      readonly kind: "known";
      /**
       * False when it is known only because of staged updates: it must not be acknowledged before those are committed.
       */
      readonly committed: boolean;
    }
  | {
      /** `incomplete`: the document lacks earlier structs of a client whose structs the update brings. */
      readonly kind: "new" | "incomplete";
      /** The update to store and forward: unchanged, or without the part that is known already. */
      readonly update: Uint8Array;
      /** The contents of `update`. */
      readonly contents: UpdateContents;
    };

/** The changes of a document while an update is classified. */
export interface Growth {
  /** The updates that were staged. */
  readonly staged: UpdateContents[];
  /** Whether clocks that were known are not any more. */
  hasShrunk: boolean;
}

/** Whether the classification of an update with these contents may be another one now. */
export function changes({ staged, hasShrunk }: Growth, { structs, deletes }: UpdateContents): boolean {
  if (hasShrunk) return true;
  return staged.some((added) => added.structs.overlaps([structs]) || added.deletes.overlaps([deletes]));
}
