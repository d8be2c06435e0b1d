import type { Database } from "bun:sqlite";
import type { FileFacts } from "../file-identity.ts";
import { openSameDatabase } from "./same-database.ts";
import type { CheckpointReply, CheckpointRequest } from "./write-ahead-log.ts";

declare const self: Worker;

/** The wait for a lock of another connection. */
const busyTimeoutMs = 1_000;
/** The wait for programs that read the database before the log is cut. Writers wait as long. */
const truncateTimeoutMs = 20;

let database: Database | undefined;

self.onmessage = ({ data }: MessageEvent<CheckpointRequest>) => {
  self.postMessage(answer(data));
};

function answer(request: CheckpointRequest): CheckpointReply {
  try {
    if (request.type === "close") {
      database?.close(true);
      return { isComplete: true };
    }
    database ??= open(request.file, request.identity);
    const isTruncating = request.type === "truncate";
    database.run(`PRAGMA busy_timeout = ${isTruncating ? truncateTimeoutMs : busyTimeoutMs}`);
    const statement = database.prepare<{ busy: number; log: number; checkpointed: number }, []>(
      `PRAGMA wal_checkpoint(${isTruncating ? "TRUNCATE" : "PASSIVE"})`,
    );
    const result = statement.get();
    statement.finalize();
    if (result === null) return { error: "no answer" };
    return { isComplete: result.busy === 0 && result.log === result.checkpointed };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function open(file: string, identity: FileFacts): Database {
  const opened = openSameDatabase(file, identity, { readwrite: true });
  // A checkpoint then syncs the log before it copies, and the database afterwards.
  opened.run("PRAGMA synchronous = NORMAL");
  opened.run("PRAGMA wal_autocheckpoint = 0");
  return opened;
}
