import { closeReasons } from "../../src/transport/close-reason.ts";
import { WireSocket } from "../../test/support/clients/wire-socket.ts";
import { eventually, pause } from "../../test/support/eventually.ts";
import { within } from "../within.ts";
import { firstFrames } from "./client/sync-protocol.ts";
import { SyncServer } from "./client/sync-server.ts";
import { Copy, textOf } from "./copies.ts";
import { countClocks, Ledger } from "./ledger.ts";
import { Faults, type Outcome, type TortureOptions } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

export interface StallOptions extends TortureOptions {
  /**
   * The number of updates of 10 kB each. There must be enough of them to exceed the outbox of one socket that is not
   * read.
   */
  readonly updates: number;
}

const document = "stalled";
const updateBytes = 10_000;
const otherReaders = 3;
const waitingUpdates = 100;
const limitMs = 60_000;

/** The stalled client does not read its close frame. The server gives such a connection up after this time. */
const closingMs = 5_000;
/** The most that the torture waits for that. */
const heldMs = 60_000;

/**
 * The growth that the server may show meanwhile. Uncollected garbage of so many frames is 100 to 140 MiB, with and
 * without a stalled reader; the 100 MB that the reader never takes would be added to it.
 */
export const stallGrowthBytes = 192 * 2 ** 20;

/** One reader of a document stops reading, while a writer sends much and other clients read it. */
export async function tortureByStalling({ updates, protocol, dataFolder, progress }: StallOptions): Promise<Outcome> {
  const faults = new Faults();
  await using server = new ServerProcess({ dataFolder, args: [`--limits-closing-ms=${closingMs}`] });
  const port = await within(limitMs, "the server listens", server.port());
  const open = () => Copy.open(new SyncServer(`ws://127.0.0.1:${port}`, protocol), document);
  const [writer, ...readers] = await Promise.all(Array.from({ length: 1 + otherReaders }, open));
  if (writer === undefined) throw new Error("no writer");
  const written = new Ledger();
  writer.doc.on("update", (update: Uint8Array) => written.add(update));
  let messages = 0;
  let isSynced = false;
  const stalled = await WireSocket.connect(port, protocol.path(document), {
    received: (frame) => {
      messages += 1;
      isSynced ||= protocol.decode(frame)?.message.type === "sync-step-2";
    },
  });
  for (const frame of firstFrames(protocol, document)) stalled.send(frame);
  await eventually("the reader that stalls has synced", () => isSynced);
  stalled.pause();
  const givingUp = untilGivenUp(server, stalled.port);
  server.forgetPeak();
  const memoryBefore = server.memory("now");
  for (let update = 1; update <= updates; update += 1) {
    writer.doc.transact(() => {
      writer.text.delete(0, writer.text.length);
      writer.text.insert(0, textOf(updateBytes, update));
    });
    if (writer.waiting >= waitingUpdates) await writer.acknowledged(waitingUpdates / 2);
    if (update % 2_500 === 0) progress?.(`${update} updates`);
  }
  await writer.acknowledged();
  for (const reader of readers) {
    await eventually("another reader has received all", () => reader.received >= updates || !reader.isOpen, limitMs);
    const { structs, deletes } = written.missingFrom(reader.doc);
    const missing = countClocks(structs) + countClocks(deletes);
    faults.unless(missing === 0 && reader.isOpen, `another reader lacks ${missing} clocks (open: ${reader.isOpen})`);
  }
  const growth = server.memory("peak") - memoryBefore;
  faults.unless(growth <= stallGrowthBytes, `the server grew by ${Math.round(growth / 2 ** 20)} MiB`);
  const gaveUpAfter = await givingUp;
  // The client reads again: first the frames that were under way, then the end.
  stalled.resume();
  const code = await within(limitMs, "the stalled reader is closed", stalled.closed);
  faults.unless(!Number.isNaN(gaveUpAfter), "the server still holds the connection of the stalled reader");
  const isClosed = code === undefined || code === closeReasons.overloaded.code;
  faults.unless(isClosed, `the stalled reader was closed with ${code}`);
  faults.unless(messages < updates, "the stalled reader got everything");
  for (const trouble of server.troubles) faults.add(trouble);
  await Promise.all([writer, ...readers].map((copy) => copy.close()));
  return {
    figures: {
      "updates of 10 kB": updates,
      "other readers": otherReaders,
      "s until the server gives up the connection": gaveUpAfter,
      "close code received": code ?? "none",
      "messages received": messages,
      "MiB grown": Math.round(growth / 2 ** 20),
    },
    faults: faults.all,
  };
}

/**
 * Seconds from now until the server has given up a connection; NaN if it never does.
 *
 * A close frame cannot reach a client that does not read, so the server has to give up by itself.
 */
async function untilGivenUp(server: ServerProcess, clientPort: number): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() < startedAt + heldMs) {
    if (!(await server.holds(clientPort))) return Math.round((performance.now() - startedAt) / 100) / 10;
    await pause(100);
  }
  return Number.NaN;
}
