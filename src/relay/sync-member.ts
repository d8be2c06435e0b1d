import type { Access } from "../auth/authorizer.ts";
import type { Connection, Frame } from "../transport/connection.ts";

/** The frames of one relay protocol. Members that share an encoding share its frames. */
export interface SyncEncoding {
  syncStep1(stateVector: Uint8Array): Frame;
  syncStep2(update: Uint8Array): Frame;
  update(update: Uint8Array): Frame;
  awareness(body: Uint8Array): Frame;
  /**
   * Asks the client for all awareness states that it knows. Only for protocols that need it: providers of Hocuspocus 4
   * do not announce themselves when their own removal makes them raise their clock.
   */
  readonly queryAwareness?: Frame;
  /** A stateless message of the application, in protocols that have such messages. */
  stateless?(payload: string): Frame;
}

/** A session, as its room sees it. */
export interface SyncMember {
  readonly connection: Connection;
  readonly encoding: SyncEncoding;
  /** The access that the member has now. Every change is reported to `SyncRoom.accessChanged`. */
  readonly access: Access;
  /**
   * Called before the room sends the member a SyncStep1 that its session did not request through `SyncRoom.ask`: an
   * update of the member left a gap, or one that was refused may fit now. Returns false if it must not be sent.
   */
  mayBeAsked?(): boolean;
}

/**
 * The answer to a submission. `read-only`: the member may only read, and the update would change the document.
 * `too-large`: the document has no space for the update, or for an earlier one on which it depends. The room asks the
 * member for it again when there may be space.
 */
export type SubmissionOutcome = "taken" | "read-only" | "too-large";

/** An update as a member sends it. */
export interface Submission {
  readonly update: Uint8Array;
  /** The frame in which the update came, when it can be forwarded unchanged. */
  readonly frame?: Frame;
  /** Whether the update is the answer to a SyncStep1, and so contains everything that the document lacked then. */
  readonly answersSyncStep1?: boolean;
  /**
   * Returns the frame that acknowledges the update; called when it may be sent (see `Durability`). Without it no
   * acknowledgement is sent.
   */
  readonly acknowledgement?: () => Frame | undefined;
  /**
   * Whether the acknowledgement is the update itself, which can be sent in pieces instead of a frame. Not for updates
   * whose sender may look for the same bytes.
   */
  readonly isEchoed?: boolean;
}
