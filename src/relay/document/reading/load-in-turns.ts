import type { Clock } from "../../../lib/time/clock.ts";
import type { Log } from "../../../ops/log.ts";
import type { Metrics } from "../../../ops/metrics.ts";
import type { Store, StoredDocument } from "../../../storage/store.ts";
import { closeReasons, SessionError } from "../../../transport/close-reason.ts";
import type { Steps } from "../../update/large/steps.ts";
import { DocumentDeleted } from "../document-deleted.ts";
import { runInTurns, turnsOf } from "../run-in-turns.ts";
import { readBaseRest } from "./read-base-rest.ts";
import type { KnownLog } from "./read-log.ts";
import { type ReadParts, readLargeParts } from "./stored-contents.ts";

export interface LoadOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Gives the known part of the document, if other nodes write to it. */
  readonly known?: (() => KnownLog) | undefined;
}

/**
 * Reads a document from the store and gives it to `take`; a large one is decoded in turns.
 *
 * Rejects with `DocumentDeleted`, or with `SessionError` storage-unavailable when the document cannot be read.
 */
export async function loadInTurns<Result>(
  name: string,
  { store, clock, known, log, metrics }: LoadOptions,
  take: (stored: StoredDocument | undefined, read: ReadParts) => Result,
): Promise<Awaited<Result>> {
  metrics.documentLoads.inc();
  try {
    const stored = await store.load(name);
    if (stored?.deletedAt !== undefined) throw new DocumentDeleted();
    return await runInTurns(readInSteps(stored, known), turnsOf(clock), (read) => take(stored, read));
  } catch (error) {
    if (error instanceof DocumentDeleted) throw error;
    metrics.storeFailures.inc({ operation: "load" });
    log.error({ event: "document-unreadable", err: error });
    throw new SessionError(
      closeReasons.storageUnavailable,
      "document temporarily unavailable: the store could not read it",
    );
  }
}

function* readInSteps(stored: StoredDocument | undefined, known: LoadOptions["known"]): Steps<ReadParts> {
  const read = yield* readLargeParts(stored);
  if (stored?.base === undefined || known === undefined) return read;
  return { ...read, baseRest: yield* readBaseRest(stored.base, read, known()) };
}
