import { expect, test } from "bun:test";
import { Documents } from "../../../src/documents/documents.ts";
import { DocumentStates } from "../../../src/documents/states/document-states.ts";
import { mergeInto } from "../../../src/documents/states/merge-updates.ts";
import { Deletion } from "../../../src/relay/deletion.ts";
import { updateOf } from "../../support/api/documents.ts";
import { settled } from "../../support/eventually.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

test("small states count for the memory that they take, so that their number is bounded", async () => {
  const store = openMemoryStore();
  const { changes, rooms, turnAndSync } = roomParts({}, store);
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  let merges = 0;
  const states = new DocumentStates({
    documents,
    limits: { apiStatesBytes: 10_000 },
    merger: {
      merge: async (order) => {
        merges += 1;
        return mergeInto(order);
      },
    },
  });
  const names = Array.from({ length: 30 }, (_, number) => `doc ${number}`);
  for (const document of names) {
    const written = documents.write({ document, update: updateOf("a"), user: undefined });
    await settled();
    await turnAndSync();
    await written;
    await states.read(document, 1);
  }
  expect(merges).toBe(30);
  await states.read("doc 29", 1);
  expect(merges).toBe(30);
  await states.read("doc 0", 1);
  expect(merges).toBe(31);
});
