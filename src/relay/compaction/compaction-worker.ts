import { mebibyte } from "../../config/limit.ts";
import { HistoryRecorder } from "../history/history-recorder.ts";
import { unpackOrigins } from "../history/packed-origins.ts";
import { unpackUpdates } from "../update/packed-updates.ts";
import { compactUpdates } from "./compact-updates.ts";
import type { CompactionMessage, CompactionReply } from "./worker-compactor.ts";

declare const self: Worker;

/** Level 9 saves a quarter of the marks, and takes a few milliseconds for a segment; large ones would take seconds. */
const compress = (bytes: Uint8Array) => Bun.zstdCompressSync(bytes, { level: bytes.byteLength > mebibyte ? 1 : 9 });

/** The entry point of the compaction worker: answers each message with one `CompactionReply`. */
self.onmessage = ({ data }: MessageEvent<CompactionMessage>) => {
  let reply: CompactionReply;
  try {
    const { history } = data;
    const recorder = history && new HistoryRecorder({ ...history, origins: unpackOrigins(history.origins) }, compress);
    const { base, summary, ...rest } = compactUpdates(unpackUpdates(data), data, recorder);
    reply = { base: new Uint8Array(base), summary: new Uint8Array(summary), ...rest };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply, "base" in reply ? [reply.base.buffer, reply.summary.buffer] : []);
};
