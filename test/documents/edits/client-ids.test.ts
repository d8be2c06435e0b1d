import { expect, test } from "bun:test";
import * as Y from "yjs";
import type { WrittenClocks } from "../../../src/documents/edits/content-job.ts";
import { apply, filled, patch, put, run } from "../../support/documents/content-tasks.ts";

const typing = (ins: string) => [{ op: "text", path: "/text", at: 0, ins }];

/** Makes an edit and applies it; returns what the server has written then. */
function edit(doc: Y.Doc, ins: string, written?: WrittenClocks): WrittenClocks {
  const reply = patch(doc, typing(ins), written && { written });
  if (reply.kind !== "edited") throw new Error(JSON.stringify(reply));
  apply(doc, reply);
  return { client: reply.client, end: reply.end };
}

test("edits that follow each other use one client id: the state vector does not grow", () => {
  const doc = filled((filling) => filling.getText("text").insert(0, "start"));
  let written = edit(doc, "a");
  const { client } = written;
  for (let count = 0; count < 20; count += 1) {
    written = edit(doc, "b", written);
    expect(written.client).toBe(client);
  }
  expect(Y.decodeStateVector(Y.encodeStateVector(doc)).size).toBe(2);
});

test.each([
  ["fewer clocks, as after a purge", -1],
  ["more clocks, as if another had written with it", 1],
])("a client id of which the document has %s is not used again", (_, difference) => {
  const doc = new Y.Doc();
  const { client, end } = edit(doc, "first");
  expect(edit(doc, "second", { client, end: end + difference }).client).not.toBe(client);
});

test("the first edit of a document uses no id that the document has", () => {
  const doc = filled((filling) => filling.getText("text").insert(0, "a"), 7);
  expect(edit(doc, "b").client).not.toBe(7);
});

test("an edit is one update, also when Yjs removes formatting that has lost its text", () => {
  const doc = filled((filling) => filling.getText("text").insert(0, "bold", { bold: true }));
  apply(doc, patch(doc, [{ op: "text", path: "/text", at: 0, del: 4 }]));
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  expect(copy.getText("text").toDelta()).toEqual([]);
  expect(run(copy, { kind: "json" })).toEqual(run(doc, { kind: "json" }));
});

test("a document with updates that wait for others is read, and not edited", () => {
  const source = filled((filling) => filling.getText("text").insert(0, "known"));
  const known = Y.encodeStateAsUpdate(source);
  source.getText("text").insert(0, "lost");
  const before = Y.encodeStateVector(source);
  source.getText("text").insert(0, "late");
  const doc = new Y.Doc();
  Y.applyUpdate(doc, known);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(source, before));
  expect(run(doc, { kind: "text", root: "text" }).kind).toBe("read");
  expect(patch(doc, typing("x"))).toMatchObject({ kind: "refused", code: "pending-updates" });
  expect(put(doc, "x", { root: "text" })).toMatchObject({ kind: "refused", code: "pending-updates" });
});

test.each([
  ["no JSON", "{"],
  ["JSON that nests too deep", "[".repeat(2_000) + "]".repeat(2_000)],
  ["bytes that are not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
])("a body of %s is refused", (_, body) => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const doc = new Y.Doc();
  expect(run(doc, { kind: "put", body: bytes, root: "a" })).toMatchObject({ code: "malformed-json" });
  expect(run(doc, { kind: "patch", body: bytes, maxOperations: 1 })).toMatchObject({ code: "malformed-json" });
});
