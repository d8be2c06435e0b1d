import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { decodeContents } from "../../src/relay/update/update-contents.ts";
import { type Covered, UpdatePieces } from "../../src/relay/update/update-pieces.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { deletesIn, deletesOf, structsIn, structsOf } from "../support/bytes/y-doc-facts.ts";
import { RandomEditor, typedDoc, visibleContent } from "../support/clients/random-editors.ts";

setDefaultTimeout(120_000);

const none: Covered = new Map();

/** All pieces of an update, for a client that has the structs that are `covered`. */
function piecesOf(update: Uint8Array, pieceBytes: number, covered = none, maxBytes = pieceBytes): Uint8Array[] {
  const planned = new UpdatePieces(update, pieceBytes);
  const pieces: Uint8Array[] = [];
  for (let index: number | undefined = 0; index !== undefined; ) {
    while (!planned.isPlanned(index)) planned.planStep();
    const piece = planned.piece({ index, covered, maxBytes });
    if (piece.update !== undefined) pieces.push(piece.update);
    index = piece.next;
  }
  return pieces;
}

type Content = "any" | "plain";

/** The updates of several people who edit one document, and exchange them late and in part; in the order of the edits. */
function history(random: Random, content: Content): readonly Uint8Array[] {
  const editors = Array.from({ length: 1 + random.integer(5) }, () => new RandomEditor(random, content));
  const updates: Uint8Array[] = [];
  for (let step = 0; step < 80; step += 1) {
    const [from, to] = [random.pick(editors), random.pick(editors)];
    const sentBefore = from.sent.length;
    from.edit();
    updates.push(...from.sent.slice(sentBefore));
    if (random.chance(0.3)) to.receive(Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc)));
    if (random.chance(0.1)) for (const update of random.some(from.sent, 0.4)) to.receive(update);
  }
  return updates;
}

const nothing = Uint8Array.of(0, 0);

/** An update without gaps: the state of a document, collected or not. */
function wholeUpdate(random: Random, content: Content): Uint8Array {
  const updates = history(random, content);
  if (random.chance(0.2)) return Y.mergeUpdates([nothing, ...updates]);
  const doc = new Y.Doc({ gc: random.chance(0.7) });
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  return Y.encodeStateAsUpdate(doc);
}

interface Incomplete {
  readonly update: Uint8Array;
  /** The updates that together fill the gaps of the update. */
  readonly all: Uint8Array;
}

/** An update that lacks structs, or the state of a client which lacks them. */
function incompleteUpdate(random: Random): Incomplete {
  const updates = history(random, "any");
  const some = [nothing, ...random.shuffled(random.some(updates, 0.8))];
  return {
    update: random.chance(0.5) ? Y.mergeUpdates(some) : Y.encodeStateAsUpdate(documentOf(...some)),
    all: Y.mergeUpdates([nothing, ...updates]),
  };
}

function documentOf(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = typedDoc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

const facts = (doc: Y.Doc) => ({
  structs: structsIn(doc),
  deletes: deletesIn(doc),
  vector: Y.decodeStateVector(Y.encodeStateVector(doc)),
  content: visibleContent(doc),
});

/** Whether the update has formats or XML. */
function hasStructure(update: Uint8Array): boolean {
  return Y.decodeUpdate(update).structs.some(
    (struct) =>
      struct instanceof Y.Item &&
      (struct.content instanceof Y.ContentFormat ||
        (struct.content instanceof Y.ContentType &&
          (struct.content.type instanceof Y.XmlText || struct.content.type instanceof Y.XmlFragment))),
  );
}

const structCount = (update: Uint8Array) => Y.decodeUpdate(update).structs.length;

test("pieces hold what their update holds, and each is an update that is within the bound or a single struct", () => {
  withSeeds(60, (random) => {
    const content = random.pick<Content>(["any", "plain"]);
    const update = random.chance(0.5) ? wholeUpdate(random, content) : incompleteUpdate(random).update;
    const pieceBytes = 60 + random.integer(random.pick([60, 400, 2_000]));
    const pieces = piecesOf(update, pieceBytes);
    expect(structsOf(pieces)).toEqual(structsOf([update]));
    expect(deletesOf(pieces)).toEqual(deletesOf([update]));
    for (const [index, piece] of pieces.entries()) {
      expect(decodeContents(piece).kind).toBe("contents");
      const isHeldBack = hasStructure(update) && index === pieces.length - 1;
      if (piece.byteLength > pieceBytes && !isHeldBack) expect(structCount(piece)).toBe(1);
    }
  });
});

test("each piece of plain content is integrated when it comes: nothing is pending after any of them", () => {
  withSeeds(40, (random) => {
    const update = wholeUpdate(random, "plain");
    const doc = typedDoc();
    for (const piece of piecesOf(update, 40 + random.integer(400))) {
      Y.applyUpdate(doc, piece);
      expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null]);
    }
    expect(facts(doc)).toEqual(facts(documentOf(update)));
  });
});

test("of formats and XML a client integrates all or nothing, so that it deletes none of it", () => {
  withSeeds(60, (random) => {
    const update = wholeUpdate(random, "any");
    const doc = typedDoc();
    const pieces = piecesOf(update, 40 + random.integer(400), none, random.integer(1_000));
    for (const piece of pieces.slice(0, -1)) {
      Y.applyUpdate(doc, piece);
      const isAtOnce = pieces.length > 1 && hasStructure(update);
      if (isAtOnce) expect(Y.decodeStateVector(Y.encodeStateVector(doc)).size).toBe(0);
    }
    for (const piece of pieces.slice(-1)) Y.applyUpdate(doc, piece);
    expect(facts(doc)).toEqual(facts(documentOf(update)));
  });
});

test("any pieces, and after each reconnect those that the state vector lacks, make the whole", () => {
  withSeeds(100, (random) => {
    const content = random.pick<Content>(["any", "plain"]);
    const update = random.chance(0.7) ? wholeUpdate(random, content) : incompleteUpdate(random).update;
    const [doc, expected] = [typedDoc(), documentOf(update)];
    for (let times = random.integer(4); times >= 0; times -= 1) {
      const covered = Y.decodeStateVector(Y.encodeStateVector(doc));
      const pieces = piecesOf(update, 40 + random.integer(600), covered, random.integer(1_000));
      const count = times === 0 ? pieces.length : random.integer(pieces.length);
      for (const piece of pieces.slice(0, count)) Y.applyUpdate(doc, piece);
    }
    expect(structsIn(doc)).toEqual(structsIn(expected));
    if (expected.store.pendingStructs === null) expect(facts(doc)).toEqual(facts(expected));
  });
});

test("a client that was away for a while gets the rest at once as well", () => {
  withSeeds(60, (random) => {
    const updates = history(random, "any");
    const doc = documentOf(...updates.slice(0, random.integer(updates.length)));
    const expected = documentOf(Y.encodeStateAsUpdate(doc));
    const whole = new Y.Doc();
    whole.transact(() => {
      for (const update of updates) Y.applyUpdate(whole, update);
    });
    const update = Y.encodeStateAsUpdate(whole);
    Y.applyUpdate(expected, update);
    const vector = Y.encodeStateVector(doc);
    const pieces = piecesOf(update, 40 + random.integer(600), Y.decodeStateVector(vector));
    for (const piece of pieces.slice(0, -1)) {
      Y.applyUpdate(doc, piece);
      if (pieces.length > 1 && hasStructure(update)) expect(Y.encodeStateVector(doc)).toEqual(vector);
    }
    for (const piece of pieces.slice(-1)) Y.applyUpdate(doc, piece);
    expect(facts(doc)).toEqual(facts(expected));
  });
});

test("the structs that pieces leave pending are integrated when the missing ones come", () => {
  withSeeds(40, (random) => {
    const { update, all } = incompleteUpdate(random);
    const [doc, expected] = [typedDoc(), typedDoc()];
    doc.transact(() => {
      for (const piece of piecesOf(update, 40 + random.integer(600))) Y.applyUpdate(doc, piece);
      Y.applyUpdate(doc, all);
    });
    expected.transact(() => {
      for (const each of [update, all]) Y.applyUpdate(expected, each);
    });
    expect(facts(doc)).toEqual(facts(expected));
  });
});

test("pieces for a client leave out what it has: they repeat one struct of a client at the most", () => {
  withSeeds(40, (random) => {
    const update = wholeUpdate(random, "any");
    const pieces = piecesOf(update, 200);
    const doc = documentOf(...pieces.slice(0, random.integer(pieces.length)));
    const covered = Y.decodeStateVector(Y.encodeStateVector(doc));
    for (const piece of piecesOf(update, 200, covered)) {
      for (const { id, length } of Y.decodeUpdate(piece).structs) {
        expect(id.clock + length).toBeGreaterThan(covered.get(id.client) ?? 0);
      }
    }
  });
});

test("one large item of text or values is cut into items that make the same content", () => {
  withSeeds(30, (random) => {
    const doc = typedDoc();
    const words = Array.from({ length: 200 }, () => random.pick(["ascii", "né", "日本", "🦌", "🦌🦌🦌"]));
    doc.getText("text").insert(0, words.join(""));
    doc.getText("text").insert(0, "before ");
    const values = Array.from({ length: 200 }, () => random.pick([1, "value", null, { nested: ["🦌"] }, [1.5]]));
    doc.getArray("list").insert(0, values);
    doc.getText("text").delete(3, 4);
    const update = Y.encodeStateAsUpdate(doc);
    const pieceBytes = 140 + random.integer(400);
    const pieces = piecesOf(update, pieceBytes);
    expect(pieces.length).toBeGreaterThan(3);
    const copy = typedDoc();
    for (const piece of pieces) {
      expect(piece.byteLength).toBeLessThanOrEqual(pieceBytes);
      expect(decodeContents(piece).kind).toBe("contents");
      // The connection is cut, and the rest is sent anew.
      const covered = Y.decodeStateVector(Y.encodeStateVector(copy));
      for (const again of random.some(piecesOf(update, pieceBytes, covered), 0.1)) Y.applyUpdate(copy, again);
      Y.applyUpdate(copy, piece);
    }
    expect(copy.store.pendingStructs).toBeNull();
    expect(facts(copy)).toEqual(facts(doc));
    expect(Y.encodeStateAsUpdate(copy)).toEqual(update);
  });
});

test("an update that cannot be read is one piece", () => {
  for (const bytes of [[], [9], [1, 1, 1, 0, 99], [0, 1, 1, 3]]) {
    expect(piecesOf(Uint8Array.from(bytes), 10)).toEqual([Uint8Array.from(bytes)]);
  }
});
