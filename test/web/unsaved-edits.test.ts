import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { UnsavedEdits } from "../../src/web/demo/saving/unsaved-edits.ts";

/** A document whose own edits are tracked, and the updates of these edits. */
function editor() {
  const doc = new Y.Doc();
  const unsaved = new UnsavedEdits();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
    if (!transaction.local) return;
    updates.push(update);
    unsaved.edited(update);
  });
  return { doc, text: doc.getText("text"), unsaved, updates };
}

const last = (updates: readonly Uint8Array[]): Uint8Array => updates.at(-1) ?? new Uint8Array([0, 0]);

/** The SyncStep2 with which y-websocket answers a server that holds `held`. */
const syncStep2 = (doc: Y.Doc, held: Y.Doc): Uint8Array => Y.encodeStateAsUpdate(doc, Y.encodeStateVector(held));

describe("an edit is unsaved", () => {
  test("until the server returns it", () => {
    const { text, unsaved, updates } = editor();
    text.insert(0, "a");
    text.insert(1, "b");
    expect(unsaved.count).toBe(2);
    unsaved.acknowledged(last(updates));
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(updates[0] ?? new Uint8Array());
    expect(unsaved.isEmpty).toBe(true);
  });

  test("until all of it is returned, in any number of pieces", () => {
    const { doc, text, unsaved } = editor();
    doc.transact(() => {
      text.insert(0, "one");
      text.insert(0, "two");
    });
    const whole = Y.encodeStateAsUpdate(doc);
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(Y.diffUpdate(whole, Y.encodeStateVector(new Map([[doc.clientID, 3]]))));
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(whole);
    expect(unsaved.isEmpty).toBe(true);
  });

  test("when it deletes, until the delete is returned", () => {
    const { text, unsaved, updates } = editor();
    text.insert(0, "abc");
    unsaved.acknowledged(last(updates));
    text.delete(0, 2);
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(updates[0] ?? new Uint8Array());
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(last(updates));
    expect(unsaved.isEmpty).toBe(true);
  });

  test("when it deletes the text of another client", () => {
    const other = editor();
    other.text.insert(0, "theirs");
    const { doc, text, unsaved, updates } = editor();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other.doc));
    expect(unsaved.isEmpty).toBe(true);
    text.delete(1, 2);
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(last(updates));
    expect(unsaved.isEmpty).toBe(true);
  });

  test("although the server returns edits of other clients", () => {
    const other = editor();
    other.text.insert(0, "theirs");
    const { text, unsaved } = editor();
    text.insert(0, "mine");
    unsaved.acknowledged(last(other.updates));
    expect(unsaved.count).toBe(1);
  });
});

describe("a reconnect", () => {
  test("acknowledges many offline edits with one returned update", () => {
    const server = new Y.Doc();
    const { doc, text, unsaved } = editor();
    for (const letter of "offline") text.insert(text.length, letter);
    text.delete(0, 3);
    expect(unsaved.count).toBe(8);
    const answer = syncStep2(doc, server);
    unsaved.answered(answer);
    expect(unsaved.count).toBe(8);
    unsaved.acknowledged(answer);
    expect(unsaved.isEmpty).toBe(true);
  });

  test("recognizes edits that the server has stored although its answer was lost", () => {
    const server = new Y.Doc();
    const { doc, text, unsaved, updates } = editor();
    text.insert(0, "arrived");
    Y.applyUpdate(server, last(updates));
    text.insert(7, " not arrived");
    unsaved.answered(syncStep2(doc, server));
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(last(updates));
    expect(unsaved.isEmpty).toBe(true);
  });

  test("does not take a delete as stored because the deleted text is", () => {
    const server = new Y.Doc();
    const { doc, text, unsaved, updates } = editor();
    text.insert(0, "abc");
    Y.applyUpdate(server, last(updates));
    unsaved.acknowledged(last(updates));
    text.delete(0, 1);
    const answer = syncStep2(doc, server);
    unsaved.answered(answer);
    expect(unsaved.count).toBe(1);
    unsaved.acknowledged(answer);
    expect(unsaved.isEmpty).toBe(true);
  });
});

describe("restored text", () => {
  test("is not counted as an edit, and is unsaved until the server is known to have it", () => {
    const server = new Y.Doc();
    const earlier = editor();
    earlier.text.insert(0, "from the last visit");
    const { doc, unsaved } = editor();
    const kept = Y.encodeStateAsUpdate(earlier.doc);
    Y.applyUpdate(doc, kept);
    unsaved.restored(kept);
    expect(unsaved.count).toBe(0);
    expect(unsaved.hasRestored).toBe(true);
    const answer = syncStep2(doc, server);
    unsaved.answered(answer);
    expect(unsaved.hasRestored).toBe(true);
    unsaved.acknowledged(answer);
    expect(unsaved.isEmpty).toBe(true);
  });

  test("is saved when the server lacks nothing of it", () => {
    const earlier = editor();
    earlier.text.insert(0, "from the last visit");
    const kept = Y.encodeStateAsUpdate(earlier.doc);
    const unsaved = new UnsavedEdits();
    unsaved.restored(kept);
    unsaved.answered(syncStep2(earlier.doc, earlier.doc));
    expect(unsaved.isEmpty).toBe(true);
  });
});
