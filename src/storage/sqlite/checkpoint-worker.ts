import { Database } from "bun:sqlite";
import type { CheckpointReply, CheckpointRequest } from "./write-ahead-log.ts";

declare const self: Worker;

/** The wait for a lock of another connection. */
const busyTimeoutMs = 1_000;

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
    database ??= open(request.file);
    const statement = database.prepare<{ busy: number; log: number; checkpointed: number }, []>(
      "PRAGMA wal_checkpoint(PASSIVE)",
    );
    const result = statement.get();
    statement.finalize();
    if (result === null) return { error: "no answer" };
    return { isComplete: result.busy === 0 && result.log === result.checkpointed };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function open(file: string): Database {
  const opened = new Database(file, { readwrite: true });
  opened.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  // A checkpoint then syncs the log before it copies, and the database afterwards.
  opened.run("PRAGMA synchronous = NORMAL");
  opened.run("PRAGMA wal_autocheckpoint = 0");
  return opened;
}
