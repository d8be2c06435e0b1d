import type { ContentTask } from "./content-job.ts";
import { runContentJob } from "./run-content-job.ts";

declare const self: Worker;

/** The entry point of the worker for the content of documents: answers each `ContentTask` with one `ContentReply`. */
self.onmessage = ({ data }: MessageEvent<ContentTask>) => {
  const reply = runContentJob(data);
  const bytes = reply.kind === "read" ? reply.body : reply.kind === "edited" ? reply.update : undefined;
  self.postMessage(reply, bytes === undefined ? [] : [bytes.buffer]);
};
