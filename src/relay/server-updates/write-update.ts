import type { RowId } from "../../storage/store.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { SyncRoom } from "../sync-room.ts";

/** An update of the server that is to be written. */
export interface UpdateOrder {
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
  /** The user id that is stored with it. */
  readonly user: string | undefined;
  /**
   * Whether the update may be written to the document as it is, by its sequence. It is asked when no update waits for the
   * store, and in the turn of the event loop in which the update is taken: no other update comes between.
   */
  readonly condition?: ((sequence: RowId) => boolean) | undefined;
}

export type WriteOutcome =
  | {
      readonly kind: "written";
      /** The row of the update; that of the last update if it changed nothing. */
      readonly sequence: RowId;
      readonly isChanged: boolean;
    }
  /** The condition does not hold. */
  | { readonly kind: "refused"; readonly sequence: RowId }
  | { readonly kind: "too-large" };

/**
 * Writes an update as one of a member is written: it is committed, then sent to the members, and the call resolves when
 * it is as durable as an acknowledgement promises.
 *
 * Rejects with `SessionError` for a malformed update, `DocumentDeleted`, and when the store has not taken the update.
 */
export async function writeUpdate(
  room: Pick<SyncRoom, "sequence" | "updates">,
  { condition, update, user }: UpdateOrder,
): Promise<WriteOutcome> {
  const { promise: stored, resolve, reject } = Promise.withResolvers<void>();
  let row: RowId | undefined;
  const holds = () => condition === undefined || (room.updates.isSettled && condition(room.sequence));
  if (condition !== undefined) await room.updates.settled();
  if (!holds()) return { kind: "refused", sequence: room.sequence };
  const outcome = await room.updates.submit({
    update,
    user,
    // The room reads it in the turn in which it takes the update.
    get access() {
      return holds() ? "write" : "read";
    },
    committed: (committed) => {
      row = committed;
    },
    stored: resolve,
    discarded: () => reject(new SessionError(closeReasons.storageUnavailable, "the update could not be stored")),
  });
  if (outcome === "too-large") return { kind: outcome };
  if (outcome === "read-only") return { kind: "refused", sequence: room.sequence };
  await stored;
  return { kind: "written", sequence: row ?? room.sequence, isChanged: row !== undefined };
}
