import { expect, test } from "bun:test";
import * as Y from "yjs";
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
    document.committed(update.byteLength);
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
