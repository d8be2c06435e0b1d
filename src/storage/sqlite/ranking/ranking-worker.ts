import { StoreError } from "../../store.ts";
import { openSameDatabase } from "../same-database.ts";
import { translateErrors } from "../sqlite-errors.ts";
import { rankDocuments } from "./rank-documents.ts";
import type { RankingReply, RankingRequest } from "./rankings.ts";

declare const self: Worker;

/** The wait for a lock of another connection. */
const busyTimeoutMs = 1_000;

self.onmessage = ({ data }: MessageEvent<RankingRequest>) => {
  self.postMessage(answer(data));
};

/** The connection is closed with each answer: the worker may be terminated between two of them. */
function answer({ file, identity, ranking, stop, timeLimitMs }: RankingRequest): RankingReply {
  const end = performance.now() + timeLimitMs;
  const mustStop = () => Atomics.load(stop, 0) !== 0 || performance.now() > end;
  try {
    return translateErrors(() => {
      const database = openSameDatabase(file, identity, { readonly: true });
      try {
        database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
        return { found: rankDocuments(database, ranking, mustStop) };
      } finally {
        database.close(true);
      }
    });
  } catch (error) {
    const kind = error instanceof StoreError ? error.kind : "unavailable";
    return { error: error instanceof Error ? error.message : String(error), kind };
  }
}
