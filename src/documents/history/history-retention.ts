import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { EndedSegment, HistoryStore, StoredVersion } from "../../storage/history/history-store.ts";
import { StoreError } from "../../storage/store.ts";
import type { DocumentHistory } from "./document-history.ts";

export interface HistoryRetentionOptions {
  readonly history: HistoryStore;
  readonly documents: Pick<DocumentHistory, "shorten">;
  /** How long the history of a document is kept, in milliseconds. */
  readonly keepMs: (document: string) => number;
  /** Whether this server does it, and not another one that shares the database. Asked before each round. */
  readonly isLeading: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const firstRoundMs = 90_000;
const intervalMs = 3_600_000;
const pageSize = 100;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The automatic versions that stay: older than `afterMs`, one in each `everyMs`. */
const thinning = [
  { afterMs: 7 * dayMs, everyMs: dayMs },
  { afterMs: dayMs, everyMs: hourMs },
];
/** The versions of one document that are thinned: the newest. */
const maxVersions = 20_000;
const versionsInPage = 1_000;

/**
 * Removes history that is older than it is kept, and thins automatic versions, in a round every hour. A segment goes when
 * its last update is too old, so something of a document may stay for as long as one segment lasts.
 */
export class HistoryRetention {
  readonly #options: HistoryRetentionOptions;
  readonly #closing = new AbortController();
  #cancel: (() => void) | undefined;
  #round: Promise<void> | undefined;

  constructor(options: HistoryRetentionOptions) {
    this.#options = options;
    this.#schedule(firstRoundMs);
  }

  /** Ends the rounds; one that has begun ends after its present document. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the server stops"));
    this.#cancel?.();
    await this.#round;
  }

  #schedule(delayMs: number): void {
    if (this.#closing.signal.aborted) return;
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#round = this.#run().then(() => this.#schedule(intervalMs));
    });
  }

  /** Never rejects: the next round tries again. */
  async #run(): Promise<void> {
    if (!this.#options.isLeading()) return;
    const { log } = this.#options;
    let documents = 0;
    let [failures, failure]: [number, unknown] = [0, undefined];
    try {
      for await (const name of this.#names()) {
        if (this.#closing.signal.aborted) break;
        try {
          if (await this.#keep(name)) documents += 1;
        } catch (error) {
          if (error instanceof StoreError) throw error;
          // The history of one document is damaged. Retention continues for the others.
          [failures, failure] = [failures + 1, error];
        }
      }
    } catch (error) {
      [failures, failure] = [failures + 1, error];
    }
    if (failures > 0 && !this.#closing.signal.aborted)
      log.error({ event: "history-not-shortened", failures, err: failure });
    if (documents > 0) log.info({ event: "history-shortened", documents });
  }

  /** The documents whose history is older than an hour, each once. */
  async *#names(): AsyncGenerator<string> {
    const { clock, history } = this.#options;
    const seen = new Set<string>();
    const before = clock.now() - hourMs;
    let after: EndedSegment | undefined;
    do {
      const page = await history.endedBefore(before, after, pageSize);
      for (const { name } of page) {
        if (!seen.has(name)) yield name;
        seen.add(name);
      }
      after = page.length < pageSize ? undefined : page.at(-1);
    } while (after !== undefined);
  }

  /** Returns whether anything was too old. */
  async #keep(name: string): Promise<boolean> {
    const { clock, documents, history, keepMs } = this.#options;
    const before = clock.now() - keepMs(name);
    const { signal } = this.#closing;
    const isShortened = await documents.shorten(name, { before, isInclusive: false, source: "", signal });
    const superfluous = superfluousVersions(await this.#versionsOf(name), clock.now());
    if (superfluous.length > 0) await history.deleteAutomatic(name, superfluous);
    return isShortened;
  }

  async #versionsOf(name: string): Promise<readonly StoredVersion[]> {
    const versions: StoredVersion[] = [];
    for (;;) {
      const page = await this.#options.history.versions(name, { before: versions.at(-1), limit: versionsInPage });
      versions.push(...page);
      if (page.length < versionsInPage || versions.length >= maxVersions) return versions;
    }
  }
}

/** The sequences of automatic versions that are not kept; `versions` are in order, the newest first. */
export function superfluousVersions(versions: readonly StoredVersion[], now: number): readonly number[] {
  const superfluous: number[] = [];
  const kept = new Set<string>();
  for (const { at, name, number, sequence } of versions) {
    const everyMs = thinning.find(({ afterMs }) => now - at >= afterMs)?.everyMs;
    if (everyMs === undefined || number > 0 || name !== undefined) continue;
    const time = `${everyMs} ${Math.floor(at / everyMs)}`;
    if (kept.has(time)) superfluous.push(sequence);
    kept.add(time);
  }
  return superfluous;
}
