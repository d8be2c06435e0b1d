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
   * store, and in the turn of the event loop in which the update is taken: no other update comes between. One of another
   * node does not either (`Store.appendIf`): the condition is then asked anew.
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
  room: Pick<SyncRoom, "complete" | "isComplete" | "readAgain" | "sequence" | "updates">,
  order: UpdateOrder,
): Promise<WriteOutcome> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const outcome = await tryToWrite(room, order);
    if (outcome !== "changed-elsewhere") return outcome;
    // The condition may hold for what the other node has made of it.
    await room.readAgain();
  }
  return { kind: "refused", sequence: room.sequence };
}

/** Another node that writes all the time must not keep a request for ever. */
const maxAttempts = 5;

async function tryToWrite(
  room: Pick<SyncRoom, "complete" | "isComplete" | "sequence" | "updates">,
  { condition, update, user }: UpdateOrder,
): Promise<WriteOutcome | "changed-elsewhere"> {
  const { promise: stored, resolve, reject } = Promise.withResolvers<"stored" | "changed-elsewhere">();
  let row: RowId | undefined;
  const holds = () => condition === undefined || (room.updates.isSettled && condition(room.sequence));
  // The sequence stays when an update of another node comes late.
  const isCertain = () => condition === undefined || room.isComplete;
  if (condition !== undefined) await room.complete();
  if (condition !== undefined) await room.updates.settled();
  if (!holds()) return { kind: "refused", sequence: room.sequence };
  if (!isCertain()) return "changed-elsewhere";
  const outcome = await room.updates.submit({
    update,
    user,
    isConditional: condition !== undefined,
    // The room reads it in the turn in which it takes the update.
    get access() {
      return holds() && isCertain() ? "write" : "read";
    },
    changedElsewhere: () => resolve("changed-elsewhere"),
    committed: (committed) => {
      row = committed;
    },
    stored: () => resolve("stored"),
    discarded: () => reject(new SessionError(closeReasons.storageUnavailable, "the update could not be stored")),
  });
  if (outcome === "too-large") return { kind: outcome };
  if (outcome === "read-only" && holds() && !isCertain()) return "changed-elsewhere";
  if (outcome === "read-only") return { kind: "refused", sequence: room.sequence };
  if ((await stored) === "changed-elsewhere") return "changed-elsewhere";
  return { kind: "written", sequence: row ?? room.sequence, isChanged: row !== undefined };
}
