import { expect, test } from "bun:test";
import * as Y from "yjs";
import type { Compactor } from "../../../src/relay/compaction/compactor.ts";
import { Document } from "../../../src/relay/document/document.ts";
import { WaitingUpdates } from "../../../src/relay/document/waiting-updates.ts";
import { contentsOf } from "../../../src/relay/update/update-contents.ts";
import { settled } from "../../support/eventually.ts";
import { InlineCompactor } from "../../support/fakes/inline-compactor.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

test("a document that is closed while one compaction runs and another waits is compacted by one at a time", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const [store, compactor] = [openMemoryStore(), new InlineCompactor({ gate })];
  const document = await Document.open("document", new WaitingUpdates(), roomParts({ compactor }, store));
  const write = async (letters: number) => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "x".repeat(letters));
    const update = Y.encodeStateAsUpdate(doc);
    const [row = 0] = await store.append([{ document: "document", update }]);
    document.state.commit(update, contentsOf(update), row);
    document.committed(update.byteLength, row);
  };
  await write(70_000);
  const requested = document.compact();
  await settled();
  await write(100);
  const closed = document.close();
  open();
  await Promise.all([requested, closed]);
  expect(compactor.compactions).toEqual([1, 2]);
  expect((await store.load("document"))?.tail).toEqual([]);
});

test("documents that are closed at the same time are read one after the other, when the compactor takes them", async () => {
  const store = openMemoryStore();
  const takes: (() => unknown)[] = [];
  const compactor = new InlineCompactor();
  const waiting: Compactor = {
    closed: compactor.closed,
    close: () => compactor.close(),
    compact: (take) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      takes.push(resolve);
      return promise.then(() => compactor.compact(take));
    },
  };
  const parts = { ...roomParts({}, store), compactor: waiting };
  const doc = new Y.Doc();
  doc.getText("t").insert(0, "text");
  const names = ["first", "second"];
  await store.append(names.map((document) => ({ document, update: Y.encodeStateAsUpdate(doc) })));
  const documents = await Promise.all(names.map((name) => Document.open(name, new WaitingUpdates(), parts)));
  const loads: string[] = [];
  const load = store.load.bind(store);
  store.load = (name) => {
    loads.push(name);
    return load(name);
  };
  for (const document of documents) document.unload();
  const closed = documents.map((document) => document.close());
  await settled();
  expect(loads).toEqual([]);
  takes[0]?.();
  await closed[0];
  expect(loads).toEqual(["first"]);
  takes[1]?.();
  await closed[1];
  expect(loads).toEqual(["first", "second"]);
});
