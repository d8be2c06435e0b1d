import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Y from "yjs";
import { Documents } from "../../../src/documents/documents.ts";
import { DocumentHistory } from "../../../src/documents/history/document-history.ts";
import type { HistoryAnswer, QueuedHistoryJob } from "../../../src/documents/history/history-queue.ts";
import { runHistoryJob } from "../../../src/documents/history/run-history-job.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { Deletion } from "../../../src/relay/deletion.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { updateOf } from "../../support/api/documents.ts";
import { settled } from "../../support/eventually.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

const folder = mkdtempSync(join(tmpdir(), "yurt-restore-"));
const store = openSqliteStore({ file: join(folder, "store.db"), metrics: createMetrics() });

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

test("a restoring of a document that is purged meanwhile brings nothing of it back", async () => {
  const { history } = store;
  const parts = roomParts({}, store);
  const { changes, clock, rooms } = parts;
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  const write = async (update: Uint8Array) => {
    const written = documents.write({ document: "doc", update, user: undefined });
    await settled();
    await parts.turnAndSync();
    const outcome = await written;
    return outcome.kind === "written" ? outcome.sequence : 0;
  };
  const first = await write(updateOf("needle"));
  const doc = new Y.Doc();
  for (const update of (await documents.read("doc")).updates) Y.applyUpdate(doc, update);
  doc.getText("text").delete(0, 6);
  await write(Y.encodeStateAsUpdate(doc));
  const compression = { compress: Bun.zstdCompressSync, decompress: Bun.zstdDecompressSync };
  const run = async ({ take }: QueuedHistoryJob): Promise<HistoryAnswer> => {
    const reply = runHistoryJob({ job: await take(), maxDocBytes: 2 ** 28 }, compression);
    if (reply.kind === "refused" || reply.kind === "failed") throw new Error(reply.message);
    expect(reply.kind === "restored" && reply.update).toBeInstanceOf(Uint8Array);
    await documents.purge("doc");
    return reply;
  };
  const restored = async () => {};
  const documentHistory = new DocumentHistory({ documents, history, queue: { run }, clock, restored });
  const request = { document: "doc", source: "", counted: undefined, signal: new AbortController().signal };
  const restoring = documentHistory.restore({
    ...{ ...request, moment: { sequence: first }, user: "ann", isDry: false },
  });
  await expect(restoring).rejects.toThrow("the document was deleted");
  expect(await documents.info("doc")).toBeUndefined();
});
