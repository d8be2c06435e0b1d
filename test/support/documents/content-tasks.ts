import * as Y from "yjs";
import type {
  ContentReply,
  ContentTask,
  EditDefaults,
  ReadJob,
  WrittenClocks,
} from "../../../src/documents/edits/content-job.ts";
import { runContentJob } from "../../../src/documents/edits/run-content-job.ts";
import { packUpdates } from "../../../src/relay/update/packed-updates.ts";

/** A document that `fill` has filled in one transaction, with a fixed client id. */
export function filled(fill: (doc: Y.Doc) => void, clientId = 7): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.transact(() => fill(doc));
  return doc;
}

/** The reply to a job on the content of `doc`. */
export function run(doc: Y.Doc, job: ContentTask["job"], task: Partial<ContentTask> = {}): ContentReply {
  return runContentJob({ content: packUpdates([Y.encodeStateAsUpdate(doc)]), job, maxDocBytes: 1e9, ...task });
}

/** The text that a job reads. */
export function readText(doc: Y.Doc, job: ReadJob): string {
  const reply = run(doc, job);
  if (reply.kind !== "read") throw new Error(JSON.stringify(reply));
  return new TextDecoder().decode(reply.body);
}

export function readJson(doc: Y.Doc, root?: string): unknown {
  return JSON.parse(readText(doc, { kind: "json", root }));
}

export interface EditOptions extends EditDefaults {
  readonly written?: WrittenClocks;
  readonly maxOperations?: number;
}

const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

/** The reply to a JSON Patch on the content of `doc`. */
export function patch(
  doc: Y.Doc,
  operations: unknown,
  { written, maxOperations = 100, ...defaults }: EditOptions = {},
) {
  return run(doc, { kind: "patch", body: bytesOf(operations), maxOperations, ...defaults }, { written });
}

/** The reply to a PUT of JSON on the content of `doc`. */
export function put(doc: Y.Doc, json: unknown, { written, ...job }: EditOptions & { readonly root?: string } = {}) {
  return run(doc, { kind: "put", body: bytesOf(json), ...job }, { written });
}

/** Applies the update of a reply to `doc`, as a server sends it to clients. Throws for a reply without one. */
export function apply(doc: Y.Doc, reply: ContentReply): Y.Doc {
  if (reply.kind !== "edited") throw new Error(JSON.stringify(reply));
  Y.applyUpdate(doc, reply.update);
  return doc;
}

/** A document with the same content, in which others write. */
export function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}
