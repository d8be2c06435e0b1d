import * as Y from "yjs";
import { errorCode } from "../../lib/error-code.ts";
import { packUpdates } from "../../relay/update/packed-updates.ts";
import type { UpdateTime } from "../../storage/history/history-store.ts";
import { documentJson } from "../edits/content/document-view.ts";
import { EditRefused } from "../edits/content/edit-refused.ts";
import type { ReadJob } from "../edits/content-job.ts";
import { runContentJob } from "../edits/run-content-job.ts";
import { activitiesOf } from "./activity.ts";
import { docAt, type HistoryDoc, openHistory } from "./history-doc.ts";
import type { HistoryJob, HistoryReply, HistoryTask, MomentParts } from "./history-job.ts";
import { changesOf, Origins } from "./origins.ts";
import { restoreUpdate } from "./restore-update.ts";
import { blame, diffText } from "./text-history.ts";

/** An estimate of the memory that a document takes for each byte of its encoding in V2. */
const docBytesPerByte = 20;

export interface Compression {
  compress(bytes: Uint8Array): Uint8Array;
  /** Throws an error with the code `ERR_BUFFER_TOO_LARGE` if they become more than `maxBytes`. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}

/** Runs a job on the history of a document. It is slow and takes much memory, so it runs in a worker. Never throws. */
export function runHistoryJob(task: HistoryTask, compression: Compression): HistoryReply {
  try {
    return new HistoryRun(task, compression).run(task.job);
  } catch (error) {
    if (error instanceof EditRefused) return { kind: "refused", code: error.code, message: error.message };
    // Values and elements of XML are read recursively, as they nest.
    if (error instanceof RangeError)
      return { kind: "refused", code: "document-too-complex", message: "The content nests too deep." };
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

class HistoryRun {
  readonly #maxDocBytes: number;
  readonly #compression: Compression;
  /** The remaining bytes for the parts. */
  #leftBytes: number;

  constructor({ maxDocBytes }: HistoryTask, compression: Compression) {
    this.#maxDocBytes = maxDocBytes;
    this.#leftBytes = Math.floor(maxDocBytes / docBytesPerByte);
    this.#compression = compression;
  }

  run(job: HistoryJob): HistoryReply {
    switch (job.kind) {
      case "read":
        return this.#read(job.at, job.read);
      case "restore": {
        const opened = this.#open(job.at);
        return { kind: "restored", update: restoreUpdate(docAt(opened, true), job.present), last: opened.last };
      }
      case "diff":
        return this.#diff(job);
      case "activity":
        return answer(activitiesOf(changesOf(job.activity, this.#decompress), job.range), noTime);
      case "blame": {
        const opened = this.#open(job.at);
        const origins = new Origins(changesOf(job.activity, this.#decompress), "inserted");
        return answer(blame(docAt(opened), job.root, origins), opened.last);
      }
      case "snapshot": {
        const opened = this.#open(job.at);
        const data = this.#compression.compress(Y.encodeStateAsUpdateV2(docAt(opened)));
        return { kind: "snapshot", snapshot: { ...opened.last, data } };
      }
    }
  }

  #read(at: MomentParts, job: ReadJob): HistoryReply {
    const opened = this.#open(at);
    const content = packUpdates([Y.encodeStateAsUpdate(docAt(opened))]);
    const reply = runContentJob({ content, job, maxDocBytes: this.#maxDocBytes });
    if (reply.kind === "read") return { ...reply, last: opened.last };
    if (reply.kind === "refused" || reply.kind === "failed") return reply;
    throw new Error(`a job that reads has answered with ${reply.kind}`);
  }

  #diff({ from, to, root, activity }: Extract<HistoryJob, { readonly kind: "diff" }>): HistoryReply {
    const later = this.#open(to);
    if (root === undefined) {
      const [former, present] = [docAt(this.#open(from)), docAt(later)];
      return answer({ from: documentJson(former), to: documentJson(present) }, later.last);
    }
    const changes = [...changesOf(activity, this.#decompress)];
    const [inserted, deleted] = [new Origins(changes, "inserted"), new Origins(changes, "deleted")];
    const update = Y.encodeStateAsUpdate(docAt(later));
    return answer(diffText(docAt(this.#open(from), true), update, { root, inserted, deleted }), later.last);
  }

  #open({ stored, moment }: MomentParts): HistoryDoc {
    return openHistory(stored, moment, this.#decompress);
  }

  readonly #decompress = (bytes: Uint8Array): Uint8Array => {
    try {
      const decompressed = this.#compression.decompress(bytes, Math.max(1, this.#leftBytes));
      this.#leftBytes -= decompressed.byteLength;
      return decompressed;
    } catch (error) {
      if (errorCode(error) !== "ERR_BUFFER_TOO_LARGE") throw error;
      throw new EditRefused("document-too-complex", "The history is too large to be opened on the server.");
    }
  };
}

const noTime: UpdateTime = { sequence: 0, at: 0 };

function answer(value: unknown, last: UpdateTime): HistoryReply {
  return { kind: "read", body: new TextEncoder().encode(JSON.stringify(value)), last };
}
