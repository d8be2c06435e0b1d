import { compactUpdates } from "./compact.ts";
import type { CompactionReply, CompactionRequest } from "./worker-compactor.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<CompactionRequest>) => {
  let reply: CompactionReply;
  try {
    const { base, summary, rejected } = compactUpdates(unpack(data));
    reply = { base: new Uint8Array(base), summary: new Uint8Array(summary), rejected };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply, "base" in reply ? [reply.base.buffer, reply.summary.buffer] : []);
};

function unpack({ bytes, lengths }: CompactionRequest): Uint8Array[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    end += length;
    return bytes.subarray(end - length, end);
  });
}
