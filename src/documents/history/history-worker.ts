import { zstdDecompressSync } from "node:zlib";
import type { HistoryTask } from "./history-job.ts";
import { runHistoryJob } from "./run-history-job.ts";

declare const self: Worker;

const compression = {
  compress: (bytes: Uint8Array) => Bun.zstdCompressSync(bytes),
  // The history of an import may be forged: a few bytes can become gigabytes.
  decompress: (bytes: Uint8Array, maxBytes: number) => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }),
};

/** The entry point of the worker for the history of documents: answers each `HistoryTask` with one `HistoryReply`. */
self.onmessage = ({ data }: MessageEvent<HistoryTask>) => {
  self.postMessage(runHistoryJob(data, compression));
};
