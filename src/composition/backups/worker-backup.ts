import { rm } from "node:fs/promises";
import type { MadeBackup } from "../../storage/backups/backup-schedule.ts";

/** The paths of the database, of the copy, and of a copy with damaged updates. */
export interface BackupRequest {
  readonly file: string;
  readonly target: string;
  readonly damagedTarget: string;
}

export type BackupReply = { readonly made: MadeBackup } | { readonly error: string; readonly code?: string };

/** `code` is that of the system, or the kind of a `StoreError`. */
class BackupError extends Error {
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.name = "BackupError";
    this.code = code;
  }
}

/** A worker ends between two calls of SQLite. A large copy is one call. */
const endingMs = 2_000;

/**
 * Copies a database in a worker of its own, and checks the copy down to every update. SQLite copies in one call that
 * takes a second for 200 MB, and would block the event loop as long.
 *
 * Rejects with an error that may have a `code`. If `signal` aborts, it rejects when the worker has ended, at the latest
 * after two seconds; the partial copy may then stay.
 */
export async function backUpInWorker(request: BackupRequest, signal: AbortSignal): Promise<MadeBackup> {
  // A worker that ends without a request would reject a promise that nothing awaits, which ends the process.
  signal.throwIfAborted();
  const worker = new Worker(new URL("./backup-worker.ts", import.meta.url));
  worker.unref();
  const ended = new Promise<void>((resolve) => worker.addEventListener("close", () => resolve(), { once: true }));
  const { promise, resolve, reject } = Promise.withResolvers<BackupReply>();
  worker.addEventListener("message", ({ data }: MessageEvent<BackupReply>) => resolve(data));
  worker.addEventListener("error", ({ message }) => reject(new BackupError(`The backup worker failed: ${message}`)));
  worker.addEventListener("close", () => reject(new BackupError("The backup worker ended early.")));
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    worker.postMessage(request);
    const reply = await promise;
    if ("made" in reply) return reply.made;
    throw new BackupError(reply.error, reply.code);
  } finally {
    signal.removeEventListener("abort", abort);
    worker.terminate();
    if (signal.aborted) await givenUp(request, ended);
  }
}

async function givenUp({ target }: BackupRequest, ended: Promise<void>): Promise<void> {
  await Promise.race([ended, Bun.sleep(endingMs)]);
  await rm(`${target}.partial-${process.pid}`, { force: true });
}
