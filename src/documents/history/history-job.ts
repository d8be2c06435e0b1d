import type { HistorySnapshot, Moment, StoredActivity, UpdateTime } from "../../storage/history/history-store.ts";
import type { RefusalCode } from "../edits/content/edit-refused.ts";
import type { ReadJob } from "../edits/content-job.ts";
import type { KnownMoment } from "./history-doc.ts";

/** A moment, and the parts of which its document is made. */
export interface MomentParts {
  readonly moment: Moment;
  readonly stored: KnownMoment;
}

/** Work on the history of a document, for a worker. */
export type HistoryJob =
  /** Reads the document at a moment. */
  | { readonly kind: "read"; readonly at: MomentParts; readonly read: ReadJob }
  /** Makes the update that restores a moment; `present` are the updates of the present document. */
  | { readonly kind: "restore"; readonly at: MomentParts; readonly present: readonly Uint8Array[] }
  /** Compares two moments; `from` is the earlier one. Without a root, the JSON of both. */
  | {
      readonly kind: "diff";
      readonly from: MomentParts;
      readonly to: MomentParts;
      readonly root: string | undefined;
      readonly activity: StoredActivity;
    }
  | { readonly kind: "activity"; readonly activity: StoredActivity; readonly range: ActivityRange }
  /** Returns the parts of a text with the users who wrote them. */
  | { readonly kind: "blame"; readonly at: MomentParts; readonly root: string; readonly activity: StoredActivity }
  /** Makes a snapshot of a moment. */
  | { readonly kind: "snapshot"; readonly at: MomentParts };

export interface ActivityRange {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Changes with a longer pause between them are two activities. */
  readonly gapMs: number;
  /** The user whose changes are listed; undefined for everybody's. */
  readonly by: string | undefined;
}

export interface HistoryTask {
  readonly job: HistoryJob;
  /** A document that would take more memory than this, in bytes, is refused. */
  readonly maxDocBytes: number;
}

export type HistoryReply =
  | { readonly kind: "read"; readonly body: Uint8Array<ArrayBuffer>; readonly last: UpdateTime }
  /** `update` is undefined if the document is so already. */
  | { readonly kind: "restored"; readonly update: Uint8Array | undefined; readonly last: UpdateTime }
  | { readonly kind: "snapshot"; readonly snapshot: HistorySnapshot }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };
