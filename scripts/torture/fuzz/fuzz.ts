import * as Y from "yjs";
import { Random } from "../../../test/support/bytes/random.ts";
import { typedDoc } from "../../../test/support/clients/random-editors.ts";
import { pause } from "../../../test/support/eventually.ts";
import { within } from "../../within.ts";
import { fetchDocument } from "../client/sync-client.ts";
import { SyncServer } from "../client/sync-server.ts";
import { Witnesses } from "../client/witnesses.ts";
import { yWebsocket } from "../client/y-websocket-protocol.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import { ServerProcess } from "../server-process.ts";
import { FuzzLoad } from "./fuzz-load.ts";

export interface FuzzOptions {
  /** The number of frames that the server has to handle. */
  readonly frames: number;
  readonly seed: number;
  readonly dataFolder: string;
  readonly progress?: Progress;
}

/** The number of connections at a time. */
const syncWorkers = 30;
const collabWorkers = 30;
const signalingWorkers = 20;
const peerjsWorkers = 10;
const peersWorkers = 10;
const roomWorkers = 10;
/** The number of samples in a run, for memory and progress. */
const samples = 40;
const limitMs = 20_000;
/** The time within which a document is closed and compacted after its last client has left. */
const closedWithinMs = 13_000;

/**
 * The factor by which resident memory of a run's last quarter may exceed that of the second one. The first quarter is
 * for warming up, and the time of garbage collection is not predictable.
 */
const growthFactor = 1.25;
const growthBytes = 48 * 2 ** 20;

/** Sends invalid frames to sync and to all signaling, while other clients work undisturbed. */
export async function tortureByFrames({ frames, seed, dataFolder, progress }: FuzzOptions): Promise<Outcome> {
  const faults = new Faults();
  await using server = new ServerProcess({ dataFolder });
  const port = await within(limitMs, "the server listens", server.port());
  const load = new FuzzLoad({ url: `ws://127.0.0.1:${port}`, frames, faults, hasEnded: () => server.hasEnded });
  const memory: number[] = [];
  {
    await using witnesses = await Witnesses.enter(port);
    const sampling = setInterval(() => {
      if (load.handled < (memory.length * frames) / samples || server.hasEnded) return;
      memory.push(server.memory("now"));
      if (memory.length % (samples / 4) === 0) progress?.(`${load.handled} frames, ${mebibytes(memory.at(-1))} MiB`);
    }, 20);
    const working = witnesses.work(() => load.isOver);
    await Promise.all([
      ...Array.from({ length: syncWorkers }, (_, index) => load.sync(new Random(seed + index))),
      ...Array.from({ length: collabWorkers }, (_, index) => load.collab(new Random(seed + syncWorkers + index))),
      ...Array.from({ length: signalingWorkers }, (_, index) => load.signaling(new Random(seed - 1 - index))),
      ...Array.from({ length: roomWorkers }, (_, index) => load.rooms(new Random(seed + 3e6 + index))),
      ...Array.from({ length: peerjsWorkers }, (_, index) =>
        load.peerjs(`fuzz ${index}`, new Random(seed + 1e6 + index)),
      ),
      ...Array.from({ length: peersWorkers }, (_, index) => load.peers(new Random(seed + 2e6 + index))),
    ]).finally(() => clearInterval(sampling));
    await working.catch((error) => faults.add(`the witnesses: ${error.message}`));
    faults.unless(witnesses.losses === 0, `witnesses lost ${witnesses.losses} connections`);
    faults.unless(witnesses.checks > 0, "the witnesses have not looked once");
  }
  faults.unless(!server.hasEnded, "the server ended by itself");
  const failed = server.hasEnded ? [] : await loadAll(`ws://127.0.0.1:${port}`, load.documents);
  if (failed.length > 0) await loadAgain(`ws://127.0.0.1:${port}`, failed, faults);
  const [early, late] = [quarter(memory, 1), quarter(memory, 3)];
  faults.unless(
    late <= early * growthFactor + growthBytes,
    `memory grew from ${mebibytes(early)} to ${mebibytes(late)} MiB`,
  );
  server.kill("SIGTERM");
  const { code, stderr } = await within(limitMs, "stopped", server.ended());
  faults.unless(code === 0, `the server ended with ${code}`);
  faults.unless(stderr === "", `the server wrote to standard error: ${stderr.slice(0, 500)}`);
  for (const trouble of server.troubles) faults.add(trouble);
  return {
    figures: {
      seed,
      "frames handled": load.handled,
      "frames refused": load.refused,
      connections: load.connections,
      ...Object.fromEntries([...load.closings].map(([code, count]) => [`closed with ${code}`, count])),
      "documents loaded": load.documents.length - failed.length,
      "documents loaded after a compaction": failed.length,
      "compactions failed": server.count("compaction-failed"),
      "MiB resident, second quarter": mebibytes(early),
      "MiB resident, last quarter": mebibytes(late),
    },
    faults: faults.all,
  };
}

interface Unloaded {
  readonly name: string;
  readonly error: unknown;
}

/** Loads the documents with a new client each, as any joining client does. Returns those at which Yjs throws. */
async function loadAll(wsUrl: string, documents: readonly string[]): Promise<readonly Unloaded[]> {
  const failed: Unloaded[] = [];
  for (const name of documents) {
    try {
      const doc = typedDoc();
      for (const update of await fetchDocument(new SyncServer(wsUrl, yWebsocket), name)) Y.applyUpdate(doc, update);
      doc.destroy();
    } catch (error) {
      failed.push({ name, error });
    }
  }
  return failed;
}

/**
 * Loads documents once more, after they were closed. A frame that is decodable can contradict others so that Yjs throws;
 * the compaction at the close must have set it aside.
 */
async function loadAgain(wsUrl: string, failed: readonly Unloaded[], faults: Faults): Promise<void> {
  await pause(closedWithinMs);
  const names = failed.map(({ name }) => name);
  for (const { name, error } of await loadAll(wsUrl, names)) {
    faults.add(`the document "${name}" cannot be loaded: ${error}`);
  }
}

/** The median of a quarter, counted from 0. */
function quarter(values: readonly number[], index: number): number {
  const length = values.length / 4;
  const sorted = values.slice(Math.floor(index * length), Math.ceil((index + 1) * length)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function mebibytes(bytes = Number.NaN): number {
  return Math.round(bytes / 2 ** 20);
}
