import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Documents } from "./documents.ts";

export interface DeletedDocumentsOptions {
  readonly documents: Pick<Documents, "list" | "purgeDeleted" | "scrub">;
  /** How long a deletion can be taken back; undefined for ever. Read for each round. */
  readonly keepMs: () => number | undefined;
  /** Whether this server does it, and not another one that shares the database. Asked before each round. */
  readonly isLeading: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "purgedDocuments">;
}

const firstRoundMs = 60_000;
const intervalMs = 3_600_000;
const pageSize = 100;

/** Purges documents that were deleted long ago, in a round every hour. */
export class DeletedDocuments {
  readonly #options: DeletedDocumentsOptions;
  #cancel: (() => void) | undefined;
  #round: Promise<void> | undefined;
  #isClosed = false;
  /** A round has failed, so bytes of a document that it has purged may be left in the store's files. */
  #mustScrub = false;

  constructor(options: DeletedDocumentsOptions) {
    this.#options = options;
    this.#schedule(firstRoundMs);
  }

  /** Ends the rounds; one that has begun ends after its next purge. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#round;
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#round = this.#purgeOld().then(() => this.#schedule(intervalMs));
    });
  }

  /** Never rejects: the next round tries again. */
  async #purgeOld(): Promise<void> {
    if (!this.#options.isLeading()) return;
    const { clock, keepMs, log, metrics } = this.#options;
    const keptMs = keepMs();
    if (keptMs === undefined) return;
    let documents = 0;
    try {
      // A document that is purged is not listed again.
      if (this.#mustScrub) await this.#options.documents.scrub();
      this.#mustScrub = false;
      const until = clock.now() - keptMs;
      for await (const name of this.#deletedUntil(until)) {
        if (this.#isClosed) break;
        // A purge takes a while. Meanwhile, the deletion of a listed document may have been taken back.
        if (await this.#options.documents.purgeDeleted(name, until)) documents += 1;
      }
    } catch (error) {
      this.#mustScrub = true;
      log.error({ event: "deleted-documents-not-purged", err: error });
    }
    metrics.purgedDocuments.inc(documents);
    if (documents > 0) log.info({ event: "deleted-documents-purged", documents });
  }

  async *#deletedUntil(time: number): AsyncGenerator<string> {
    let after: string | undefined;
    do {
      const page = await this.#options.documents.list({ state: "deleted", after, limit: pageSize });
      for (const { deletedAt, name } of page) if (deletedAt !== undefined && deletedAt <= time) yield name;
      after = page.length < pageSize ? undefined : page.at(-1)?.name;
    } while (after !== undefined);
  }
}
