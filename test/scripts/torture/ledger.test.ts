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

describe("of what was seen", () => {
  test("nothing is missing from a document that holds all of it, compacted or not", () => {
    const nothing = { structs: [], deletes: [] };
    const doc = documentOf(history());
    expect(ledgerOf(history()).missingFrom(doc)).toEqual(nothing);
    expect(ledgerOf(history()).missingFrom(documentOf([Y.encodeStateAsUpdate(doc)]))).toEqual(nothing);
  });

  test("the last struct is missing from a document without it", () => {
    const updates = history().slice(0, 10);
    expect(ledgerOf(updates).missingFrom(documentOf(updates.slice(0, 9)))).toEqual({
      structs: [[7, [[9, 10]]]],
      deletes: [],
    });
  });

  test("a struct in the middle is missing, and those that are pending behind it are not", () => {
    const updates = history().slice(0, 10);
    const { structs } = ledgerOf(updates).missingFrom(documentOf(updates.toSpliced(4, 2)));
    expect(structs).toEqual([[7, [[4, 6]]]]);
    expect(countClocks(structs)).toBe(2);
  });

  test("a delete is missing from a document that has all structs and not the delete", () => {
    expect(ledgerOf(history()).missingFrom(documentOf(history().slice(0, 10)))).toEqual({
      structs: [],
      deletes: [[7, [[2, 3]]]],
    });
  });

  test("everything is missing from an empty document", () => {
    const { structs, deletes } = ledgerOf(history()).missingFrom(new Y.Doc());
    expect([countClocks(structs), countClocks(deletes)]).toEqual([10, 1]);
  });
});
