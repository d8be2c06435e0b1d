import { compactUpdates } from "./compact.ts";
import type { CompactionReply, CompactionRequest } from "./worker-compactor.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<CompactionRequest>) => {
  let reply: CompactionReply;
  try {
    reply = { base: new Uint8Array(compactUpdates(unpack(data))) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply, "base" in reply ? [reply.base.buffer] : []);
};

function unpack({ bytes, lengths }: CompactionRequest): Uint8Array[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    end += length;
    return bytes.subarray(end - length, end);
  });
}
