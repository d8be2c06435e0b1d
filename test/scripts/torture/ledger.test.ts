import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { countClocks, Ledger } from "../../../scripts/torture/ledger.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";

/** Ten characters one by one, then the third of them deleted. */
function history(): readonly Uint8Array[] {
  return updatesOf((doc) => {
    doc.clientID = 7;
    for (const character of "abcdefghij") doc.getText().insert(0, character);
    doc.getText().delete(7, 1);
  });
}

function documentOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

function ledgerOf(updates: readonly Uint8Array[]): Ledger {
  const ledger = new Ledger();
  for (const update of updates) ledger.add(update);
  return ledger;
}

describe("a ledger of received updates", () => {
  test("misses nothing in a document that holds all of it, compacted or not", () => {
    const nothing = { structs: [], deletes: [] };
    const doc = documentOf(history());
    expect(ledgerOf(history()).missingFrom(doc)).toEqual(nothing);
    expect(ledgerOf(history()).missingFrom(documentOf([Y.encodeStateAsUpdate(doc)]))).toEqual(nothing);
  });

  test("misses the last struct in a document without it", () => {
    const updates = history().slice(0, 10);
    expect(ledgerOf(updates).missingFrom(documentOf(updates.slice(0, 9)))).toEqual({
      structs: [[7, [[9, 10]]]],
      deletes: [],
    });
  });

  test("misses a struct in the middle, and not the pending ones behind it", () => {
    const updates = history().slice(0, 10);
    const { structs } = ledgerOf(updates).missingFrom(documentOf(updates.toSpliced(4, 2)));
    expect(structs).toEqual([[7, [[4, 6]]]]);
    expect(countClocks(structs)).toBe(2);
  });

  test("misses a delete in a document that has all structs but not the delete", () => {
    expect(ledgerOf(history()).missingFrom(documentOf(history().slice(0, 10)))).toEqual({
      structs: [],
      deletes: [[7, [[2, 3]]]],
    });
  });

  test("misses everything in an empty document", () => {
    const { structs, deletes } = ledgerOf(history()).missingFrom(new Y.Doc());
    expect([countClocks(structs), countClocks(deletes)]).toEqual([10, 1]);
  });
});
