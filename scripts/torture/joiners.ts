import { WireSocket } from "../../test/support/clients/wire-socket.ts";
import { pause } from "../../test/support/eventually.ts";
import { NetworkPath } from "../../test/support/servers/network-path.ts";
import { within } from "../within.ts";
import { SnapshotReader } from "./client/snapshot-reader.ts";
import { firstFrames } from "./client/sync-protocol.ts";
import { SyncServer } from "./client/sync-server.ts";
import { Copy, fillDocument, textOf } from "./copies.ts";
import { countClocks, Ledger } from "./ledger.ts";
import { Faults, type Outcome, type TortureOptions } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

export interface JoinersOptions extends TortureOptions {
  /** The size of the document. */
  readonly megabytes: number;
}

const limitMs = 60_000;
const document = "large";

/** The number of clients that fetch at the same time. */
const fetchers = 20;
/** The time in which no client reads. All their snapshots are under way then, as far as the server allows. */
const unreadMs = 1_000;
/**
 * The growth that the server may show meanwhile, in documents: the document, its frame, and the copies that are under
 * way to sockets. Three copies fit into the burst (`snapshotBurstBytes`), and three more into each half second.
 */
export const fetchGrowthDocuments = 10;

/** Many clients fetch a large document at once, and begin to read after all have sent their request. */
export async function tortureByFetching({ protocol, dataFolder, megabytes }: JoinersOptions): Promise<Outcome> {
  const faults = new Faults();
  await fill({ protocol, dataFolder, megabytes });
  await using server = new ServerProcess({ dataFolder });
  const port = await within(limitMs, "the server listens", server.port());
  // The first client loads the document.
  const first = await Copy.open(new SyncServer(`ws://127.0.0.1:${port}`, protocol), document);
  const memoryBefore = server.memory("now");
  server.forgetPeak();
  const readers = await Promise.all(
    Array.from({ length: fetchers }, async () => {
      const reader = new SnapshotReader(protocol);
      const socket = await WireSocket.connect(port, protocol.path(document), { received: reader.received });
      for (const frame of firstFrames(protocol, document)) socket.send(frame);
      socket.pause();
      return { reader, socket };
    }),
  );
  await pause(unreadMs);
  for (const { socket } of readers) socket.resume();
  for (const { reader, socket } of readers) {
    await within(limitMs, "a joiner is synced", reader.synced);
    socket.end();
    const isWhole = reader.bytes > megabytes * 1e6;
    faults.unless(isWhole, `a joiner was synced with ${reader.bytes} bytes`);
  }
  const growth = (server.memory("peak") - memoryBefore) / (megabytes * 1e6);
  faults.unless(growth <= fetchGrowthDocuments, `the server grew by ${growth.toFixed(1)} documents`);
  for (const trouble of server.troubles) faults.add(trouble);
  await first.close();
  return {
    figures: { "MB of document": megabytes, joiners: fetchers, "documents grown": growth.toFixed(1) },
    faults: faults.all,
  };
}

export interface SlowJoiningOptions extends JoinersOptions {
  /** The bandwidth of the joiner's link. */
  readonly bytesPerSecond: number;
}

const editEveryMs = 20;
/** The most bytes that buffers on the way may hold, and let through at once. */
const bufferedBytes = 2_000_000;

/** A client joins a large document over a slow link while another client edits it. */
export async function tortureBySlowJoining({
  protocol,
  dataFolder,
  megabytes,
  bytesPerSecond,
}: SlowJoiningOptions): Promise<Outcome> {
  const faults = new Faults();
  await fill({ protocol, dataFolder, megabytes });
  await using server = new ServerProcess({ dataFolder });
  const port = await within(limitMs, "the server listens", server.port());
  const writer = await Copy.open(new SyncServer(`ws://127.0.0.1:${port}`, protocol), document);
  const written = new Ledger();
  let edits = 0;
  writer.doc.on("update", (update: Uint8Array) => written.add(update));
  const edit = () => {
    edits += 1;
    writer.text.insert(edits % 1_000, textOf(10, edits));
    if (edits % 5 === 0) writer.text.delete(edits % 900, 3);
  };
  const startedAt = performance.now();
  const editing = setInterval(edit, editEveryMs);
  const reader = new SnapshotReader(protocol);
  await using link = await NetworkPath.to(port, { bytesPerSecond });
  const socket = await WireSocket.connect(link.port, protocol.path(document), { received: reader.received });
  for (const frame of firstFrames(protocol, document)) socket.send(frame);
  try {
    const linkMs = (megabytes * 1e9) / bytesPerSecond;
    await within(limitMs + 2 * linkMs, "the joiner is synced", Promise.race([reader.synced, failWhenClosed(socket)]));
    const syncedAfterMs = performance.now() - startedAt;
    const editsWhileSyncing = edits;
    await pause(500);
    clearInterval(editing);
    await writer.acknowledged();
    const missing = await reader.lacking(written, 10_000);
    faults.unless(missing.length === 0, `the joiner lacks ${JSON.stringify(missing)}`);
    faults.unless(syncedAfterMs > linkMs / 2, `the link was not slow: synced after ${syncedAfterMs} ms`);
    const longestGapMs = Math.round(reader.longestGapMs);
    const allowedGapMs = 2_000 + (bufferedBytes * 1_000) / bytesPerSecond;
    faults.unless(longestGapMs < allowedGapMs, `the joiner heard no message for ${longestGapMs} ms`);
    for (const trouble of server.troubles) faults.add(trouble);
    return {
      figures: {
        "MB of document": megabytes,
        "ms without a message": longestGapMs,
        "MB a second": bytesPerSecond / 1e6,
        "ms until synced": Math.round(syncedAfterMs),
        "edits until synced": editsWhileSyncing,
        edits,
        "clocks missing": countClocks(missing),
      },
      faults: faults.all,
    };
  } finally {
    clearInterval(editing);
    socket.end();
    await writer.close();
  }
}

async function failWhenClosed(socket: WireSocket): Promise<never> {
  throw new Error(`the joiner was closed with ${await socket.closed}`);
}

/** Writes the document and restarts the server, so that memory of the writing does not count. */
async function fill({ protocol, dataFolder, megabytes }: JoinersOptions): Promise<void> {
  await using server = new ServerProcess({ dataFolder });
  const port = await within(limitMs, "the server listens", server.port());
  await fillDocument(new SyncServer(`ws://127.0.0.1:${port}`, protocol), document, megabytes);
  server.kill("SIGTERM");
  await within(limitMs, "stopped", server.ended());
}
