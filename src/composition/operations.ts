import { createMetricsApi } from "../admin/metrics-api.ts";
import type { Metrics } from "../ops/metrics.ts";
import { FolderWatch, type FolderWatchOptions } from "../storage/folder-watch.ts";
import type { Part } from "./part.ts";

export interface OperationsOptions extends FolderWatchOptions {
  readonly metrics: Metrics;
}

/**
 * The part of a server that shows its state, and watches its data folder. It is drained before the others, so that what
 * they store at the end is stored where the next start reads it.
 */
export function openOperations(options: OperationsOptions): Part {
  const watch = new FolderWatch(options);
  return {
    routes: createMetricsApi(options.metrics),
    isReady: () => watch.isIntact,
    drain: () => watch.finish(),
    [Symbol.asyncDispose]: () => watch.close(),
  };
}
