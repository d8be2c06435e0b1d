import { expect, test } from "bun:test";
import * as Y from "yjs";
import { storedRows } from "../../support/bytes/stored.ts";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

test.each([
  ["kept", "the first version, as long as it was"],
  ["collected", ""],
])("a snapshot of a document whose deleted content is %s shows %p after a compaction", async (document, shown) => {
  await using server = await startTestServer({ keepsDeleted: (name) => name === "kept" });
  await using clients = new TestClients();
  const doc = new Y.Doc({ gc: false });
  const writer = clients.connect(server.wsUrl, document, doc);
  await synced(writer);
  writer.text.insert(0, "the first version, as long as it was");
  const snapshot = Y.snapshot(doc);
  writer.text.delete(0, writer.text.length);
  // A tail of this size is compacted at once.
  for (let count = 0; count < 5; count += 1) writer.text.insert(0, "the second version ".repeat(1_000));
  await eventually("compacted", () => storedRows(server.dataFolder) === 1);
  const later = clients.connect(server.wsUrl, document, new Y.Doc({ gc: false }));
  await converged([writer, later]);
  expect(Y.createDocFromSnapshot(later.doc, snapshot).getText("text").toString()).toBe(shown);
});
