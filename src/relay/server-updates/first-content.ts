import type { Authorizer } from "../../auth/authorizer.ts";
import type { LimitedLog } from "../../ops/limited-log.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { SyncRoom } from "../sync-room.ts";
import { writeUpdate } from "./write-update.ts";

export interface FirstContentOptions {
  readonly authorizer: Authorizer;
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly limitedLog: LimitedLog;
}

/**
 * An authorizer that writes the first content of a document, if the application gives one with a permission and the
 * document has no updates: exactly once, however many clients ask at the same time, and before any of them enters.
 *
 * Content that is no Yjs update is logged, and the client enters without it. When the content cannot be stored,
 * `authorize` rejects, and the client returns.
 */
export function writingFirstContent({ authorizer, limitedLog, rooms }: FirstContentOptions): Authorizer {
  return {
    authenticate: (token, remoteAddress) => authorizer.authenticate(token, remoteAddress),
    authorize: async (request) => {
      const decision = await authorizer.authorize(request);
      const update = decision.granted ? decision.takeFirstContent?.() : undefined;
      if (!decision.granted || update === undefined) return decision;
      try {
        await writeFirst(rooms, request.room, update);
      } catch (error) {
        if (!isRefusal(error)) {
          decision.release();
          throw error;
        }
        limitedLog.warn({ event: "first-content-refused", reason: error.message });
      }
      return decision;
    },
  };
}

async function writeFirst(rooms: RoomRegistry<SyncRoom>, document: string, update: Uint8Array): Promise<void> {
  const lease = await rooms.acquire(document);
  try {
    await writeUpdate(lease.room, { update, user: undefined, condition: (sequence) => sequence === 0 });
  } finally {
    lease.release();
  }
}

/** Whether the content is at fault. */
function isRefusal(error: unknown): error is SessionError {
  if (!(error instanceof SessionError)) return false;
  return error.reason === closeReasons.malformedFrame || error.reason === closeReasons.frameTooLarge;
}
