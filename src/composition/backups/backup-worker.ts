import { errorCode } from "../../lib/error-code.ts";
import { findDamaged } from "../../relay/document/reading/stored-contents.ts";
import { backUpDatabase } from "../../storage/sqlite/backup.ts";
import { StoreError } from "../../storage/store.ts";
import type { BackupReply, BackupRequest } from "./worker-backup.ts";

declare const self: Worker;

/** The entry point of the backup worker: answers its one message with a `BackupReply`. */
self.onmessage = ({ data }: MessageEvent<BackupRequest>) => {
  self.postMessage(answer(data));
};

function answer(request: BackupRequest): BackupReply {
  try {
    return { made: backUpDatabase({ ...request, examine: (updates) => findDamaged(updates).reduce(increased, 0) }) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof StoreError ? error.kind : errorCode(error);
    return { error: message, ...(code !== undefined && { code }) };
  }
}

const increased = (count: number) => count + 1;
