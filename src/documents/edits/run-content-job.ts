import * as Y from "yjs";
import { compactUpdates } from "../../relay/compaction/compact-updates.ts";
import { applyAll, memoryOfDoc } from "../../relay/compaction/doc-of-updates.ts";
import { mergeUpdates } from "../../relay/update/merge-updates.ts";
import { unpackUpdates } from "../../relay/update/packed-updates.ts";
import { DecodeError } from "../../relay/update/strict-decoding.ts";
import { parseStrictly } from "../../relay/update/strict-json.ts";
import { mergeInto } from "../states/merge-updates.ts";
import { documentJson, documentTexts } from "./content/document-view.ts";
import { EditRefused } from "./content/edit-refused.ts";
import { pointerTo } from "./content/json-pointer.ts";
import { isJsonObject, type Json, toJson } from "./content/json-view.ts";
import { makeRootEqual } from "./content/make-equal.ts";
import { kindOfJson, openRoot, type Root, type RootKind } from "./content/root-type.ts";
import { deltaOf, plainText, textOfXml } from "./content/text-view.ts";
import type { ContentReply, ContentTask, EditJob, ReadJob, WrittenClocks } from "./content-job.ts";
import { applyPatch } from "./patch/apply-patch.ts";
import { parsePatch } from "./patch/patch-operation.ts";
import { unknownType } from "./patch/roots.ts";

/** Runs a job on the content of a document. It is slow and takes much memory, so it runs in a worker. Never throws. */
export function runContentJob({ content, job, maxDocBytes, written }: ContentTask): ContentReply {
  try {
    const updates = unpackUpdates(content);
    if (job.kind === "update") return { kind: "read", body: owned(updateOf(updates, job)) };
    const doc = load(updates, maxDocBytes);
    if (job.kind === "patch" || job.kind === "put") return edit(doc, job, written);
    return { kind: "read", body: new TextEncoder().encode(read(doc, job)) };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): ContentReply {
  if (error instanceof EditRefused) {
    const { code, message, pointer } = error;
    return { kind: "refused", code, message, pointer };
  }
  // Values and elements of XML are read recursively, as they nest.
  if (error instanceof RangeError) {
    return {
      kind: "refused",
      code: "document-too-complex",
      message: "The content nests too deep.",
      pointer: undefined,
    };
  }
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}

function updateOf(updates: readonly Uint8Array[], job: Extract<ReadJob, { readonly kind: "update" }>): Uint8Array {
  const { collected = false, format, stateVector } = job;
  return mergeInto({ format, stateVector, updates: collected ? [compactUpdates(updates).base] : updates });
}

function load(updates: readonly Uint8Array[], maxDocBytes: number): Y.Doc {
  if (memoryOfDoc(updates) > maxDocBytes) {
    throw new EditRefused("document-too-complex", "The document is too large to be opened on the server.");
  }
  const doc = new Y.Doc();
  try {
    applyAll(doc, updates);
    return doc;
  } catch {
    // Yjs cannot apply one of the updates. The next compaction will leave it out.
    const applicable = new Y.Doc();
    Y.applyUpdate(applicable, compactUpdates(updates).base);
    return applicable;
  }
}

function read(doc: Y.Doc, job: Exclude<ReadJob, { readonly kind: "update" }>): string {
  switch (job.kind) {
    case "json":
      return JSON.stringify(job.root === undefined ? documentJson(doc) : toJson(rootOf(doc, job.root, job.as).type));
    case "text": {
      const { kind, type } = rootOf(doc, job.root, job.as);
      if (kind === "text") return plainText(type);
      if (kind === "xml") return textOfXml(type);
      throw notOfType(job.root, kind, "text nor XML");
    }
    case "texts":
      return JSON.stringify(documentTexts(doc));
    case "delta": {
      const { kind, type } = rootOf(doc, job.root, undefined);
      if (kind === "text") return JSON.stringify(deltaOf(type).map((part) => toJson(part)));
      throw notOfType(job.root, kind, "text");
    }
    case "xml":
      // The root is XML, so its JSON is a string.
      return String(toJson(rootOf(doc, job.root, "xml").type));
  }
}

function rootOf(doc: Y.Doc, name: string, as: RootKind | undefined): Root {
  const root = openRoot(doc, name, as);
  if (root === undefined) throw new EditRefused("root-not-found", `The document has no content under ${name}.`);
  return root;
}

function notOfType(name: string, kind: RootKind, expected: string): EditRefused {
  return new EditRefused("root-type-mismatch", `The root ${name} is of the type ${kind}: neither ${expected}.`);
}

/** All changes are one update, with one client id. */
function edit(doc: Y.Doc, job: EditJob, written: WrittenClocks | undefined): ContentReply {
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new EditRefused("pending-updates", "The document has updates that depend on others that have not come yet.");
  }
  const body = parseBody(job.body);
  // Yjs assigns another id when it applies an update with the id of the document.
  doc.clientID = clientIn(doc, written);
  const updates: Uint8Array[] = [];
  const start = clockOf(doc);
  doc.on("update", (update: Uint8Array) => updates.push(update));
  changeAtOnce(doc, () => {
    if (job.kind === "put") put(doc, body, job);
    else applyPatch(doc, parsePatch(body, job.maxOperations), job);
  });
  if (updates.length === 0) return { kind: "unchanged" };
  // Yjs removes formatting that has lost its text in a transaction of its own.
  const update = owned(mergeUpdates(updates));
  return { kind: "edited", update, client: doc.clientID, start, end: clockOf(doc) };
}

/** Runs a change in a transaction. Throws what the change throws, also if Yjs then fails to end the transaction. */
function changeAtOnce(doc: Y.Doc, change: () => void): void {
  let failure: { readonly error: unknown } | undefined;
  try {
    doc.transact(() => {
      try {
        change();
      } catch (error) {
        failure = { error };
        throw error;
      }
    });
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  }
}

function clientIn(doc: Y.Doc, written: WrittenClocks | undefined): number {
  if (written !== undefined && Y.getState(doc.store, written.client) === written.end) return written.client;
  // The document's own id is random.
  return doc.clientID;
}

function clockOf(doc: Y.Doc): number {
  return Y.getState(doc.store, doc.clientID);
}

function parseBody(body: Uint8Array): Json {
  try {
    // JSON.parse returns nothing else.
    return parseStrictly(new TextDecoder("utf-8", { fatal: true }).decode(body)) as Json;
  } catch (error) {
    const reason = error instanceof DecodeError ? error.message : "not valid JSON in UTF-8";
    throw new EditRefused("malformed-json", `The body cannot be read: ${reason}.`, "");
  }
}

type PutJob = Extract<EditJob, { readonly kind: "put" }>;

function put(doc: Y.Doc, body: Json, job: PutJob): void {
  if (job.root !== undefined) {
    putRoot(doc, { name: job.root, json: body, pointer: "" }, job);
    return;
  }
  if (!isJsonObject(body))
    throw new EditRefused("invalid-request", "A document is an object with a member for each root.", "");
  for (const [name, json] of Object.entries(body)) putRoot(doc, { name, json, pointer: pointerTo("", name) }, job);
}

interface PutRoot {
  readonly name: string;
  readonly json: Json;
  readonly pointer: string;
}

function putRoot(doc: Y.Doc, { name, json, pointer }: PutRoot, { as, nesting }: PutJob): void {
  const kind = kindOfJson(json);
  if (kind === undefined) {
    throw new EditRefused("invalid-request", "A root is an object, an array or a string.", pointer);
  }
  const root = openRoot(doc, name) ?? openRoot(doc, name, as === "auto" ? kind : as);
  if (root === undefined) throw unknownType(name, pointer);
  makeRootEqual(root, { json, pointer, nesting });
}

/** The bytes in a buffer of their own, which can be transferred. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
