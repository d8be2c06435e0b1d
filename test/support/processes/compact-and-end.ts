/** Compacts once and prints the resulting text. Nothing keeps the process alive then. */
import * as Y from "yjs";
import { startWorkerCompactor } from "../../../src/relay/compaction/worker-compactor.ts";
import { packUpdates } from "../../../src/relay/update/packed-updates.ts";

const doc = new Y.Doc();
doc.getText("text").insert(0, "all of it");
const compacted = new Y.Doc();
Y.applyUpdate(
  compacted,
  (await startWorkerCompactor().compact(() => ({ ...packUpdates([Y.encodeStateAsUpdate(doc)]), keepsDeleted: false })))
    .base,
);
console.log(compacted.getText("text").toString());
