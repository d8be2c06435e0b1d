import type { HistoryTask } from "./history-job.ts";
import { runHistoryJob } from "./run-history-job.ts";

declare const self: Worker;

const compression = {
  compress: (bytes: Uint8Array) => Bun.zstdCompressSync(bytes),
  decompress: (bytes: Uint8Array) => Bun.zstdDecompressSync(bytes),
};

/** The entry point of the worker for the history of documents: answers each `HistoryTask` with one `HistoryReply`. */
self.onmessage = ({ data }: MessageEvent<HistoryTask>) => {
  self.postMessage(runHistoryJob(data, compression));
};
