import { systemClock } from "../../../src/lib/time/clock.ts";
import { ApiKeysFile } from "../../../src/storage/api-keys-file.ts";
import { Random } from "../../../test/support/bytes/random.ts";
import { eventually, pause } from "../../../test/support/eventually.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import { ServerProcess } from "../server-process.ts";
import { type Ask, DocumentWriter } from "./document-writer.ts";
import { WebhookReceiver } from "./webhook-receiver.ts";

export interface WebhookTortureOptions {
  /** The number of kills while requests write. */
  readonly rounds: number;
  readonly seed: number;
  /** The data folder of all rounds, without a server. */
  readonly dataFolder: string;
  readonly progress?: Progress;
  /** Called after each kill, while no server runs. A test damages the data here to prove that the torture reports it. */
  readonly damage?: (dataFolder: string) => void;
  /** How long the receiver may take for the rest after the last kill. */
  readonly settleMs?: number;
}

const documents = 12;
const liveMs = { least: 100, spread: 300 };
/** Enough for messages that are refused several times, a second apart. */
const usualSettleMs = 60_000;
const retries = Array(20).fill("1s").join(",");

/**
 * Writes, deletes and brings back documents over HTTP, kills the server again and again, and checks that a webhook which
 * refuses every fifth request is told of everything, in the order of each document.
 */
export async function tortureWebhooks(options: WebhookTortureOptions): Promise<Outcome> {
  const { damage, dataFolder, progress, rounds, seed, settleMs = usualSettleMs } = options;
  const random = new Random(seed);
  const faults = new Faults();
  await using receiver = new WebhookReceiver(random, faults);
  const order = { name: "torture", scope: "docs:admin", prefix: "" } as const;
  const { text: key } = new ApiKeysFile(dataFolder, systemClock).create(order);
  const writers = Array.from({ length: documents }, (_, index) => new DocumentWriter(`doc-${index}-`, random));
  let server = await start(dataFolder, key);
  const events = ["doc.created", "doc.updated", "doc.deleted", "doc.undeleted"];
  const settings = { url: receiver.url, events, debounceMs: 50, maxWaitMs: 200 };
  const { secret } = await server.ask("POST", "/v1/webhooks", settings);
  receiver.verifyWith(String(secret));
  for (let round = 0; round < rounds; round += 1) {
    const { ask, process } = server;
    const working = writers.map(async (writer) => {
      while (!process.hasEnded) await writer.turn(ask).catch(() => pause(20));
    });
    await pause(liveMs.least + random.integer(liveMs.spread));
    process.kill("SIGKILL");
    await process.ended();
    await Promise.all(working);
    damage?.(dataFolder);
    server = await start(dataFolder, key);
    progress?.(`round ${round + 1}: ${receiver.accepted} messages`);
  }
  const isTold = ({ acknowledged, events: happened, name }: DocumentWriter) =>
    receiver.reported(name) >= acknowledged && receiver.events(name).length >= happened;
  await eventually("the receiver is told of everything", () => writers.every(isTold), settleMs).catch(() => {});
  // Events of requests that were not answered may follow.
  await pause(1_000);
  for (const writer of writers) await check(writer, { ask: server.ask, faults, receiver });
  server.process.kill("SIGTERM");
  await server.process.ended();
  return {
    figures: {
      kills: rounds,
      acknowledged: writers.reduce((sum, { acknowledged }) => sum + Math.min(1, acknowledged), 0),
      "events of requests": writers.reduce((sum, writer) => sum + writer.events, 0),
      "messages accepted": receiver.accepted,
      "messages refused": receiver.refused,
      "messages repeated": receiver.repeated,
    },
    faults: faults.all,
  };
}

interface Evidence {
  readonly ask: Ask;
  readonly faults: Faults;
  readonly receiver: WebhookReceiver;
}

async function check(writer: DocumentWriter, { ask, faults, receiver }: Evidence): Promise<void> {
  const { acknowledged, events, name, uncertain } = writer;
  const [reported, told] = [receiver.reported(name), receiver.events(name)];
  faults.unless(reported >= acknowledged, `${name}: told until ${reported}, acknowledged until ${acknowledged}`);
  const isAll = told.length >= events && told.length <= events + uncertain;
  faults.unless(isAll, `${name}: told of ${told.length} events; ${events} happened, and perhaps ${uncertain} more`);
  // Each deletion is followed by its end: a lost event would be seen.
  const expected = told.map((_, index) =>
    index === 0 ? "doc.created" : index % 2 === 1 ? "doc.deleted" : "doc.undeleted",
  );
  faults.unless(Bun.deepEquals(told, expected), `${name}: told of ${told.join(", ")}`);
  const isDeleted = await writer.isDeleted(ask);
  faults.unless(isDeleted === (told.at(-1) === "doc.deleted"), `${name}: the last event is ${told.at(-1)}`);
}

async function start(dataFolder: string, key: string): Promise<{ readonly process: ServerProcess; readonly ask: Ask }> {
  const args = ["--webhooks-allowed-addresses", "127.0.0.1", "--webhooks-retries", retries];
  const process = new ServerProcess({ dataFolder, args });
  const url = `http://127.0.0.1:${await process.port()}`;
  const ask: Ask = async (method, path, body) => {
    const isBytes = body instanceof Uint8Array;
    const type = isBytes ? "application/octet-stream" : "application/json";
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { "content-type": type }) },
      ...(body !== undefined && { body: isBytes ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} is ${response.status}: ${text}`);
    return text === "" ? {} : Object(JSON.parse(text));
  };
  return { process, ask };
}
