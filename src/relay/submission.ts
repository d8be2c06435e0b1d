import type { Access } from "../auth/authorizer.ts";
import type { RowId } from "../storage/store.ts";
import type { Frame } from "../transport/connection.ts";
import type { SyncMember } from "./sync-member.ts";

/** An update that is to be stored and forwarded. It comes from a member of the room, or from the server itself. */
export interface Submission {
  readonly update: Uint8Array;
  /** Read again after every wait. */
  readonly access: Access;
  /**
   * The member that has sent the update. It is not forwarded to this member, which is asked for earlier updates that the
   * document lacks. Undefined for an update of the server: an import, a restored version, a request of the HTTP API.
   */
  readonly sender?: SyncMember | undefined;
  /** The id of the user of an update of the server, if there is one. For an update of a member it is `sender.user`. */
  readonly user?: string | undefined;
  /** The frame of `sender` that contains the update, when it can be forwarded unchanged. */
  readonly frame?: Frame | undefined;
  /** Whether the update is the answer to a SyncStep1, and so contains everything that the document lacked then. */
  readonly answersSyncStep1?: boolean;
  /**
   * Called instead of all else if the update is to be stored on a condition of the sequence (`isConditional`), and another
   * node has changed the document meanwhile: nothing is stored.
   */
  changedElsewhere?(): void;
  /** Whether the update of the server is stored only if the document has not changed since it was taken, on all nodes. */
  readonly isConditional?: boolean;
  /**
   * Called once for an update of the server with anything new, when it is committed, with its row. Not called for an update
   * of a member.
   */
  committed?(row: RowId): void;
  /**
   * Called once, when the update is as durable as an acknowledgement promises (see `Durability`). For an update that was
   * known, that is when its first copy is.
   */
  stored?(): void;
  /** Called instead of `stored`, once, when the store has failed to take the update. A member is closed as well. */
  discarded?(): void;
}

/** The origin of an update that waits. */
export type Origin = Pick<Submission, "sender" | "committed" | "stored" | "discarded">;

/** A frame of a member that ends with an update, and is forwarded unchanged if no other update joins it. */
export interface FrameSubmission extends Pick<Submission, "access" | "stored" | "discarded"> {
  readonly sender: SyncMember;
  readonly frame: Uint8Array;
}

/**
 * The answer to a submission. `read-only`: its origin may only read, and the update would change the document.
 * `too-large`: the document has no space for the update, or for an earlier one of the same member on which it depends.
 * The room asks a member for it again when there may be space.
 */
export type SubmissionOutcome = "taken" | "read-only" | "too-large";
