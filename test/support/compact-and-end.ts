/** Compacts once, prints the text that comes of it, and has nothing left to do. */
import * as Y from "yjs";
import { packUpdates } from "../../src/relay/packed-updates.ts";
import { startWorkerCompactor } from "../../src/relay/worker-compactor.ts";

const doc = new Y.Doc();
doc.getText("text").insert(0, "all of it");
const compacted = new Y.Doc();
Y.applyUpdate(compacted, (await startWorkerCompactor().compact(() => packUpdates([Y.encodeStateAsUpdate(doc)]))).base);
console.log(compacted.getText("text").toString());
