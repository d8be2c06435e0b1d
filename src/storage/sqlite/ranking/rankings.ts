import { JobRunner } from "../../../lib/system/job-runner.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import type { FileFacts } from "../../file-identity.ts";
import { type DocumentInfo, type Page, StoreError, type StoreErrorKind } from "../../store.ts";

/** The first documents of an order other than that of their names. */
export type Ranking = Pick<Page, "prefix" | "state" | "limit"> & { readonly order: NonNullable<Page["order"]> };

/** A request to the worker. */
export interface RankingRequest {
  /** The path of the database, and the file that it must name. */
  readonly file: string;
  readonly identity: FileFacts;
  readonly ranking: Ranking;
  /** The worker gives the ranking up after this time. */
  readonly timeLimitMs: number;
  /** Shared memory: the worker gives the ranking up when this is not 0 any more. */
  readonly stop: Int32Array;
}

export type RankingReply =
  | { readonly found: readonly DocumentInfo[] }
  | { readonly error: string; readonly kind: StoreErrorKind };

export interface RankingsOptions {
  /** The path of the database. */
  readonly file: string;
  /** The open database file. */
  readonly identity: FileFacts;
  readonly clock: Clock;
  /**
   * Called before each ranking, while none reads the database. Rankings that follow each other leave the log no other moment
   * to restart, and it would grow as long as they do. Never rejects.
   */
  readonly shortenLog: () => Promise<void>;
}

/** A million documents take some seconds. */
const timeLimitMs = 30_000;
/**
 * The limit for a worker that does not answer. To end it while it reads would leave its connection open, and the
 * write-ahead log would never start from the beginning again.
 */
const hangingMs = 2 * timeLimitMs;

/**
 * Orders the documents of a database by their sizes or their last updates, in a worker with a connection of its own, one
 * ranking at a time. There is no index of either: it would cost a write for each update.
 */
export class Rankings {
  readonly #options: RankingsOptions;
  readonly #runner: JobRunner<RankingReply>;
  readonly #stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  /** Settles when nothing of `rank` and `between` runs. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RankingsOptions) {
    this.#options = options;
    this.#runner = new JobRunner({
      name: "ranking",
      startWorker: () => new Worker(new URL("./ranking-worker.ts", import.meta.url)),
      clock: options.clock,
      timeLimitMs: hangingMs,
    });
  }

  /** Resolves with the first documents, as of a moment after the call. Rejects with `StoreError`. */
  rank(ranking: Ranking): Promise<readonly DocumentInfo[]> {
    return this.#next(() => this.#rank(ranking));
  }

  /** Runs `task` while no ranking reads the database, which would keep its log from being emptied. */
  between<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#next(task);
  }

  /** Gives up the rankings. Resolves when the worker's connection to the database is closed. */
  async close(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    await this.#last;
    this.#runner.stop(new Error("the store is closed"));
  }

  /** Runs one task at a time. */
  #next<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }

  async #rank(ranking: Ranking): Promise<readonly DocumentInfo[]> {
    if (Atomics.load(this.#stop, 0) !== 0) throw new StoreError("unavailable", "The store is closed.");
    const { file, identity, shortenLog } = this.#options;
    await shortenLog();
    const request: RankingRequest = { file, identity, ranking, timeLimitMs, stop: this.#stop };
    const reply = await this.#answer(request);
    if ("found" in reply) return reply.found;
    throw new StoreError(reply.kind, reply.error);
  }

  async #answer(request: RankingRequest): Promise<RankingReply> {
    try {
      return await this.#runner.run(() => ({ data: request, transfer: [] }));
    } catch (error) {
      throw new StoreError("unavailable", "The documents could not be ordered.", { cause: error });
    }
  }
}
