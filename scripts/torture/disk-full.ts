import * as Y from "yjs";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { eventually, pause } from "../../test/support/eventually.ts";
import { SmallDisk, smallDiskTrouble } from "../../test/support/processes/small-disk.ts";
import { within } from "../within.ts";
import { fetchDocument } from "./client/sync-client.ts";
import type { SyncProtocol } from "./client/sync-protocol.ts";
import { SyncServer } from "./client/sync-server.ts";
import { Copy, textOf } from "./copies.ts";
import { countClocks, Ledger } from "./ledger.ts";
import { Faults, type Outcome, type TortureOptions } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

const limitMs = 30_000;
const diskMebibytes = 32;
/** The time in which nothing may be acknowledged or forwarded. The server retries the store several times in it. */
const quietMs = 1_500;
const waitingUpdates = 20;
/** Two documents of 40 MB: together more than the 64 MiB that may wait, and each below the limit of a document. */
const floodDocuments = 2;
const floodMegabytes = 40;

/**
 * Fills a disk, which is mounted over the data folder, twice: first for a short time, then until the server gives up the
 * waiting updates.
 */
export async function tortureByFullDisk({ protocol, dataFolder, progress }: TortureOptions): Promise<Outcome> {
  const faults = new Faults();
  const trouble = smallDiskTrouble();
  if (trouble !== undefined) {
    progress?.(`skipped: ${trouble}`);
    return { figures: { skipped: trouble }, faults: [] };
  }
  await using disk = await SmallDisk.mount(dataFolder, diskMebibytes);
  const start = () => new ServerProcess({ dataFolder, prefix: disk.prefix });
  const acknowledged = new Ledger();
  const figures: Record<string, number> = {};
  {
    await using server = start();
    const open = await connectServers(server, protocol);
    const [writer, reader] = [await Copy.open(open(), "full"), await Copy.open(open(), "full")];
    writer.doc.on("update", (update: Uint8Array) => acknowledged.add(update));
    const recovered = await fillForAWhile({ server, disk, writer, reader, faults });
    figures["waiting updates"] = waitingUpdates;
    figures["ms until the server was ready again"] = recovered;
    progress?.("it went on after the disk was full");
    server.kill("SIGKILL");
    await within(limitMs, "killed", server.ended());
  }
  await using server = start();
  const open = await connectServers(server, protocol);
  const doc = new Y.Doc();
  for (const update of await fetchDocument(open(), "full")) Y.applyUpdate(doc, update);
  const { structs, deletes } = acknowledged.missingFrom(doc);
  const missing = countClocks(structs) + countClocks(deletes);
  figures["acknowledged clocks missing"] = missing;
  faults.unless(missing === 0, `acknowledged and missing after kill -9: ${JSON.stringify({ structs, deletes })}`);
  await flood({ server, disk, open, faults });
  const last = await Copy.open(open(), "afterwards");
  last.text.insert(0, "all is well");
  await last.acknowledged();
  await last.close();
  return { figures, faults: faults.all };
}

interface Scene {
  readonly server: ServerProcess;
  readonly disk: SmallDisk;
  readonly faults: Faults;
}

/**
 * Returns the milliseconds from free space on the disk until the server was ready and every update was acknowledged.
 */
async function fillForAWhile({ server, disk, writer, reader, faults }: Scene & { writer: Copy; reader: Copy }) {
  for (let edit = 0; edit < 50; edit += 1) writer.text.insert(0, textOf(100, edit));
  await writer.acknowledged();
  faults.unless(await server.isReady(), "it is not ready although all is well");
  disk.fill();
  // The store still accepts what fits into the free pages of its files.
  await untilFailing(server, () => writer.text.insert(0, textOf(5_000, 1)));
  // Messages that are under way at this point belong to updates that were stored before.
  await untilQuiet(() => writer.waiting + reader.received);
  const before = { waiting: writer.waiting, received: reader.received };
  for (let edit = 0; edit < waitingUpdates; edit += 1) writer.text.insert(0, textOf(10, edit));
  const startedAt = performance.now();
  while (performance.now() < startedAt + quietMs) {
    faults.unless(!(await server.isReady()), "it says that it is ready while the disk is full");
    await pause(100);
  }
  const [waiting, received] = [writer.waiting - before.waiting, reader.received - before.received];
  faults.unless(waiting === waitingUpdates, `${waitingUpdates - waiting} updates were acknowledged on a full disk`);
  faults.unless(received === 0, `${received} updates were forwarded on a full disk`);
  disk.empty();
  const emptiedAt = performance.now();
  await eventually("it is ready again", () => server.isReady(), limitMs);
  await writer.acknowledged();
  const recoveredMs = Math.round(performance.now() - emptiedAt);
  await eventually("the reader has everything", () => reader.text.length === writer.text.length, limitMs);
  return recoveredMs;
}

/**
 * More updates wait than the limit allows: the server closes all connections, and accepts them again when there is
 * room.
 */
async function flood({ server, disk, open, faults }: Scene & { open: () => SyncServer }): Promise<void> {
  const writers = await Promise.all(
    Array.from({ length: floodDocuments }, (_, index) => Copy.open(open(), `flood ${index}`)),
  );
  disk.fill();
  await untilFailing(server, () => writers[0]?.text.insert(0, textOf(5_000, 1)));
  for (let piece = 0; piece < floodMegabytes; piece += 1) {
    for (const writer of writers) if (writer.isOpen) writer.text.insert(0, textOf(1_000_000, piece));
    // The pause lets frames go out and makes a closed connection noticeable.
    await pause(1);
  }
  const { code, name } = closeReasons.storageUnavailable;
  for (const writer of writers) {
    const closing = await within(limitMs, "a member is disconnected", writer.closed);
    const isRight = closing.code === code && closing.reason === name;
    faults.unless(isRight, `a member was closed with ${closing.code} ${closing.reason}`);
  }
  faults.unless(!(await server.isReady()), "the server reports that it is ready after it gave up the waiting updates");
  disk.empty();
  await eventually("it is ready again", () => server.isReady(), limitMs);
}

/** Writes until the server reports that it is not ready. */
async function untilFailing(server: ServerProcess, write: () => void): Promise<void> {
  await eventually(
    "the store fails",
    async () => {
      if (!(await server.isReady())) return true;
      write();
      return false;
    },
    limitMs,
  );
}

/** Resolves when a value has not changed for a while. */
async function untilQuiet(value: () => number): Promise<void> {
  for (let before = Number.NaN; before !== value(); ) {
    before = value();
    await pause(200);
  }
}

/** Resolves with a function that opens a new connection at each call. */
async function connectServers(server: ServerProcess, protocol: SyncProtocol): Promise<() => SyncServer> {
  const port = await within(limitMs, "the server listens", server.port());
  return () => new SyncServer(`ws://127.0.0.1:${port}`, protocol);
}
