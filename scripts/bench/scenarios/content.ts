import { seedDocument } from "../load/client.ts";
import type { Reading, ReadingEnd, ReadingMessage } from "../load/reading-worker.ts";
import { Traffic } from "../load/traffic.ts";
import { insertedUpdates, typedUpdates } from "../load/updates.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile, Samples } from "../statistics.ts";
import type { Scenario, Size } from "./scenario.ts";

const document = "paper";
const readsPerSecond = 200;
const relay = { rooms: 20, readersPerRoom: 3, updatesPerSecond: 1_000 } as const;
const editsOf = { full: 200, quick: 5 } as const;
const secondsOf = { full: 4, quick: 0.5 } as const;
const turns = 5;
const warmUpSeconds = 1;

/**
 * The document has 300 kB. An edit or a read of a changed document opens it in a worker; what was read of an unchanged one
 * is kept.
 */
export const content: Scenario = {
  name: "content",
  about: `a text of 300 kB over HTTP: JSON Patches and reads one after the other, and ${readsPerSecond} reads/s beside ${relay.updatesPerSecond} updates/s in other rooms`,
  needs: "api",
  metrics: [
    { key: "patchP50", label: "patch, p50", unit: "ms", digits: 1, goal: { atMost: 20 } },
    { key: "patchP99", label: "patch, p99", unit: "ms", digits: 1 },
    { key: "changedP50", label: "read changed, p50", unit: "ms", digits: 1 },
    { key: "keptP50", label: "read again, p50", unit: "ms", digits: 2 },
    { key: "alone", label: "relay alone, p99", unit: "ms", digits: 2 },
    { key: "beside", label: "with reads, p99", unit: "ms", digits: 2 },
    { key: "ratio", label: "ratio", unit: "", digits: 2, goal: { atMost: 1.3 } },
  ],
  run: async (target, size) => {
    const server = await target.start();
    await seedDocument(server, document, typedUpdates().document);
    const url = `http://127.0.0.1:${server.port}/v1/docs/${document}`;
    await timeEdits(url, 5);
    const edits = await timeEdits(url, editsOf[size]);
    const { alone, beside } = await timeRelay(server, url, size);
    await server.stop();
    return { ...edits, alone, beside, ratio: beside / alone };
  },
};

async function timeEdits(url: string, count: number) {
  const [patches, changed, kept] = [new Samples(), new Samples(), new Samples()];
  for (let edit = 0; edit < count; edit += 1) {
    const at = edit * 101;
    await timed(patches, () => patch(url, [{ op: "text", path: "/text", at, ins: "word " }]));
    await timed(changed, () => read(url));
    await timed(kept, () => read(url));
  }
  return {
    patchP50: percentile(patches.values, 0.5),
    patchP99: percentile(patches.values, 0.99),
    changedP50: percentile(changed.values, 0.5),
    keptP50: percentile(kept.values, 0.5),
  };
}

/** The delay from a writer to the readers of other documents, without reads over HTTP and with them, in turn. */
async function timeRelay(server: RunningServer, url: string, size: Size) {
  const perRoom = (seconds: number) => Math.ceil((relay.updatesPerSecond * seconds) / relay.rooms);
  const seconds = secondsOf[size];
  const updates = insertedUpdates(perRoom(warmUpSeconds + 2 * turns * seconds));
  const traffic = await Traffic.open({ server, ...relay, updates });
  let until = 0;
  const pace = async (durationSeconds: number) => {
    until += durationSeconds;
    traffic.latencies.clear();
    await traffic.pace(perRoom(until), relay.updatesPerSecond);
    return traffic.latencies.values;
  };
  await pace(warmUpSeconds);
  const [alone, beside]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn += 1) {
    alone.push(percentile(await pace(seconds), 0.99));
    const stop = await startReading(url);
    beside.push(percentile(await pace(seconds), 0.99));
    await stop();
  }
  traffic.close();
  return { alone: percentile(alone, 0.5), beside: percentile(beside, 0.5) };
}

/** Reads evenly until the returned function is called. Resolves when the first read has ended. */
async function startReading(url: string): Promise<() => Promise<void>> {
  const worker = new Worker(new URL("../load/reading-worker.ts", import.meta.url));
  const reading: Reading = { url: `${url}/text/text`, perSecond: readsPerSecond };
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<ReadingEnd>();
  worker.addEventListener("message", ({ data }: MessageEvent<ReadingMessage>) => {
    if (data === "begun") begun.resolve();
    else ended.resolve(data);
  });
  worker.postMessage(reading);
  await begun.promise;
  return async () => {
    worker.postMessage("stop");
    const end = await ended.promise;
    worker.terminate();
    if ("error" in end) throw new Error(end.error);
  };
}

async function timed(samples: Samples, task: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await task();
  samples.add(performance.now() - startedAt);
}

async function patch(url: string, operations: readonly object[]): Promise<void> {
  await expectOk(
    fetch(`${url}/json`, {
      method: "PATCH",
      headers: { "content-type": "application/json-patch+json" },
      body: JSON.stringify(operations),
    }),
  );
}

async function read(url: string): Promise<void> {
  await expectOk(fetch(`${url}/text/text`));
}

async function expectOk(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  const text = await response.text();
  if (!response.ok) throw new Error(`the server answers with ${response.status}: ${text}`);
}
