import * as Y from "yjs";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { eventually } from "../../test/support/eventually.ts";
import { within } from "../within.ts";
import { type Ended, StormClient, type StormClientOptions } from "./client/storm-client.ts";
import { textOf } from "./copies.ts";
import { Faults, type Outcome, type TortureOptions } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

export interface StormOptions extends TortureOptions {
  readonly clients: number;
}

const clientsPerDocument = 20;
const documentBytes = 10_000;
const limitMs = 60_000;
/** The time limit for all syncs, from the moment that the new server listens. */
export const allSyncedMs = 20_000;
/** Descriptors that other parts need. Each client takes one in this process and one in the server. */
const otherDescriptors = 200;

/** The server is restarted under many clients, and all of them reconnect at once. */
export async function tortureByStorm(options: StormOptions): Promise<Outcome> {
  const { clients: asked, protocol, dataFolder, progress } = options;
  const faults = new Faults();
  const clients = Math.min(asked, descriptorLimit() - otherDescriptors);
  if (clients < asked) progress?.(`${clients} clients instead of ${asked}: more descriptors may not be open`);
  const ends: Ended[] = [];
  const first = new ServerProcess({ dataFolder });
  const port = await within(limitMs, "the server listens", first.port());
  const storm = gather(clients, { wsUrl: `ws://127.0.0.1:${port}`, protocol, ended: (end) => ends.push(end) });
  try {
    await eventually("all editors have synced", () => storm.every(({ syncedAt }) => syncedAt !== undefined), limitMs);
    ends.length = 0;
    const stoppedAt = performance.now();
    first.kill("SIGTERM");
    const { code } = await within(limitMs, "stopped", first.ended());
    faults.unless(code === 0, `the first server ended with ${code}`);
    await using second = new ServerProcess({ dataFolder, port });
    await within(limitMs, "the server listens again", second.port());
    const listeningAt = performance.now();
    await eventually("all clients are back", () => storm.every(({ syncedAt }) => syncedAt !== undefined), limitMs);
    const waits = storm.map(({ syncedAt = Number.NaN }) => syncedAt - listeningAt).sort((a, b) => a - b);
    const longestMs = waits.at(-1) ?? Number.NaN;
    faults.unless(longestMs <= allSyncedMs, `the last one was synced after ${Math.round(longestMs)} ms`);
    const dismissed = ends.filter(({ code }) => code === closeReasons.restart.code).length;
    faults.unless(dismissed === clients, `${dismissed} of ${clients} were closed with the code of a restart`);
    const notAwaited = ends.filter(({ wasOpen, code }) => wasOpen && code !== closeReasons.restart.code);
    for (const { code, reason } of notAwaited) faults.add(`a client was closed with ${code} ${reason}`);
    await editReachesAll(storm);
    for (const trouble of [...first.troubles, ...second.troubles]) faults.add(trouble);
    return {
      figures: {
        clients,
        documents: Math.ceil(clients / clientsPerDocument),
        "ms from SIGTERM until the server listens again": Math.round(listeningAt - stoppedAt),
        "ms until half are synced": Math.round(waits[Math.floor(waits.length / 2)] ?? Number.NaN),
        "ms until all are synced": Math.round(longestMs),
        "upgrades refused": ends.filter(({ wasOpen, reason }) => !wasOpen && /101/.test(reason)).length,
        "attempts while no server listened": ends.filter(({ wasOpen, reason }) => !wasOpen && !/101/.test(reason))
          .length,
        "MiB resident": Math.round(second.memory("now") / 2 ** 20),
      },
      faults: faults.all,
    };
  } finally {
    for (const client of storm) client.close();
    await first[Symbol.asyncDispose]();
  }
}

/** Connects twenty clients per document, each with the document's full state. */
function gather(
  clients: number,
  way: Pick<StormClientOptions, "wsUrl" | "protocol" | "ended">,
): readonly StormClient[] {
  const doc = new Y.Doc();
  doc.getText().insert(0, textOf(documentBytes, 0));
  const state = { update: Y.encodeStateAsUpdate(doc), stateVector: Y.encodeStateVector(doc) };
  return Array.from({ length: clients }, (_, index) => {
    const document = `storm ${Math.floor(index / clientsPerDocument)}`;
    return new StormClient({ ...way, document, clientId: 1 + index, state });
  });
}

/** One edit in each document reaches every client in it and is acknowledged to its sender. */
async function editReachesAll(storm: readonly StormClient[]): Promise<void> {
  const doc = new Y.Doc();
  doc.getText().insert(0, "after the storm");
  const update = Y.encodeStateAsUpdate(doc);
  const before = storm.map(({ updates }) => updates);
  for (let index = 0; index < storm.length; index += clientsPerDocument) storm[index]?.send(update);
  const heard = () => storm.every(({ updates }, index) => updates > (before[index] ?? 0));
  await eventually("every client receives an edit", heard, limitMs);
}

/** The number of files that this process and its children may have open. */
function descriptorLimit(): number {
  const { stdout } = Bun.spawnSync(["sh", "-c", "ulimit -n"]);
  return Number(stdout.toString()) || Number.POSITIVE_INFINITY;
}
