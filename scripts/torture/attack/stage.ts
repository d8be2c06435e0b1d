import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as Y from "yjs";
import { within } from "../../within.ts";
import { SyncServer } from "../client/sync-server.ts";
import { yWebsocket } from "../client/y-websocket-protocol.ts";
import { Copy, fillDocument } from "../copies.ts";
import { ServerProcess } from "../server-process.ts";
import { documents } from "./attacker.ts";

/** The clients that have written the document of many structs, and the structs of each. */
export const historyClients = 40;
export const historyClocks = 1_430;

const visitedMegabytes = 3;
const largeMegabytes = 44;
const limitMs = 60_000;

/** A data folder with the documents of an attack, made once. */
export class Stage {
  readonly #folder: string;
  readonly #copies: string;
  #count = 0;

  private constructor(folder: string, copies: string) {
    this.#folder = folder;
    this.#copies = copies;
  }

  /** `folder` must exist. A server of this executable writes the documents: all, or the one of many structs. */
  static async set(folder: string, executable: string, which: "all" | "history" = "all"): Promise<Stage> {
    const dataFolder = join(folder, "stage");
    await mkdir(dataFolder);
    await using server = new ServerProcess({ dataFolder, executable });
    const relay = new SyncServer(
      `ws://127.0.0.1:${await within(limitMs, "the server listens", server.port())}`,
      yWebsocket,
    );
    if (which === "all") {
      await fillDocument(relay, documents.visited, visitedMegabytes);
      await fillDocument(relay, documents.large, largeMegabytes);
    }
    const copy = await Copy.open(relay, documents.history);
    Y.applyUpdate(copy.doc, manyStructs());
    await copy.acknowledged();
    await copy.close();
    server.kill("SIGTERM");
    await within(limitMs, "stopped", server.ended());
    await compactAll(dataFolder, executable);
    return new Stage(dataFolder, folder);
  }

  /** A copy of the data folder, for one server. */
  async copy(): Promise<string> {
    this.#count += 1;
    const copy = join(this.#copies, `data-${this.#count}`);
    await cp(this.#folder, copy, { recursive: true });
    return copy;
  }
}

/** Otherwise the first attacked server that loads a document would compact it, which costs more than most attacks. */
async function compactAll(dataFolder: string, executable: string): Promise<void> {
  const command = [executable, "documents", "compact", "--data", dataFolder];
  const compacting = Bun.spawn(command, { env: {}, stdio: ["ignore", "ignore", "pipe"] });
  const trouble = await compacting.stderr.text();
  if ((await within(limitMs, "compacted", compacting.exited)) !== 0) throw new Error(trouble);
}

/** An array of 57,200 numbers, each inserted at its beginning by the next client: no two structs can be merged. */
function manyStructs(): Uint8Array {
  const doc = new Y.Doc({ gc: false });
  const array = doc.getArray<number>("list");
  doc.transact(() => {
    for (let clock = 0; clock < historyClocks; clock += 1) {
      for (let client = 1; client <= historyClients; client += 1) {
        doc.clientID = client;
        array.insert(0, [clock % 64]);
      }
    }
  });
  return Y.encodeStateAsUpdate(doc);
}
