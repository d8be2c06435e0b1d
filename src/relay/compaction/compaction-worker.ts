import { unpackUpdates } from "../update/packed-updates.ts";
import { compactUpdates } from "./compact-updates.ts";
import type { CompactionInput } from "./compactor.ts";
import type { CompactionReply } from "./worker-compactor.ts";

declare const self: Worker;

/** The entry point of the compaction worker: answers each message with one `CompactionReply`. */
self.onmessage = ({ data }: MessageEvent<CompactionInput>) => {
  let reply: CompactionReply;
  try {
    const { base, summary, rejected } = compactUpdates(unpackUpdates(data), data);
    reply = { base: new Uint8Array(base), summary: new Uint8Array(summary), rejected };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply, "base" in reply ? [reply.base.buffer, reply.summary.buffer] : []);
};
