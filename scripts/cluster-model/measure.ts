import { readFileSync } from "node:fs";
import { SQL } from "bun";
import { createMetrics } from "../../src/ops/metrics.ts";
import { packBatch } from "../../src/storage/postgres/documents/packed-batch.ts";
import { decodeBatches, encodeBatch } from "../../src/storage/postgres/feed/announced-batch.ts";
import { readHeads } from "../../src/storage/postgres/feed/read-feed.ts";
import { openPostgresStore } from "../../src/storage/postgres/postgres-store.ts";
import { PostgresServer } from "../../test/support/programs/postgres.ts";

/** Measures the costs that the model of a cluster adds up, on a Postgres of its own. Prints one JSON object. */

const updateBytes = 40;
const documents = 1_000;
/** As that of an announcement of 25 updates. */
const payload = "x".repeat(2_000);

await using engine = await PostgresServer.start({ isDurable: true });
const url = await engine.newSchema();
const store = await openPostgresStore({ url, metrics: createMetrics() });
const sql = new SQL(url, { max: 1 });

/** The CPU time of all processes of Postgres, and of this one, in µs. */
function cpu(): { readonly engine: number; readonly own: number } {
  const { system, user } = process.cpuUsage();
  return { engine: engine.pids.reduce((sum, pid) => sum + cpuOf(pid), 0), own: system + user };
}

/** Postgres has one thread per process. */
function cpuOf(pid: number): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
    return Number(nanoseconds) / 1_000;
  } catch {
    return 0;
  }
}

async function walBytes(): Promise<number> {
  const [found] = await sql<{ readonly bytes: number }[]>`
    SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`;
  return found?.bytes ?? 0;
}

function documentOf(place: number): string {
  return `notes/${place % documents}`;
}

interface Cost {
  readonly engine: number;
  readonly own: number;
  readonly wal: number;
  readonly ms: number;
}

async function costOf(task: () => Promise<void>): Promise<Cost> {
  const [before, wal, at] = [cpu(), await walBytes(), performance.now()];
  await task();
  const after = cpu();
  return {
    engine: after.engine - before.engine,
    own: after.own - before.own,
    wal: (await walBytes()) - wal,
    ms: performance.now() - at,
  };
}

async function append(batches: number, size: number): Promise<Cost> {
  let next = 0;
  return await costOf(async () => {
    for (let count = 0; count < batches; count += 1) {
      const updates = Array.from({ length: size }, () => {
        next += 1;
        return { document: documentOf(next), update: new Uint8Array(updateBytes), user: "user" };
      });
      await store.append(updates);
    }
  });
}

/** Splits the cost of batches of two sizes into that of a batch and that of a row. */
function split(small: Cost, large: Cost, sizes: readonly [number, number], batches: readonly [number, number]) {
  const per = (field: keyof Cost) => {
    const [one, other] = [small[field] / batches[0], large[field] / batches[1]];
    const row = (other - one) / (sizes[1] - sizes[0]);
    return { batch: one - row * sizes[0], row };
  };
  return { engine: per("engine"), own: per("own"), wal: per("wal"), msPerSmallBatch: small.ms / batches[0] };
}

const sizes = [10, 100] as const;
// The writer knows all documents then.
await append(100, 100);
const appended = split(await append(2_000, sizes[0]), await append(600, sizes[1]), sizes, [2_000, 600]);
const looks = 2_000;
const looking = await costOf(async () => {
  for (let count = 0; count < looks; count += 1) await readHeads(sql);
});
const look = { engine: looking.engine / looks, own: looking.own / looks };

/** The cost of encoding and decoding announcements of so many updates. */
async function codec(batches: number, size: number): Promise<Cost> {
  const updates = Array.from({ length: size }, (_, index) => ({
    document: documentOf(index),
    update: new Uint8Array(updateBytes),
    user: "user",
  }));
  const batch = packBatch(updates, 0);
  const rows = updates.map((_, index) => index + 1);
  return await costOf(async () => {
    for (let number = 1; number <= batches; number += 1)
      decodeBatches(Uint8Array.fromBase64(encodeBatch({ writer: 1, number }, batch, rows).toBase64()));
  });
}
await codec(20_000, 10);
const announced = split(await codec(50_000, sizes[0]), await codec(10_000, sizes[1]), sizes, [50_000, 10_000]);

/** The cost of one notification for so many sessions that hear it, and so many that listen to another channel. */
async function notified(hearing: number, others: number): Promise<Cost> {
  const listeners: SQL[] = [];
  let received = 0;
  for (let count = 0; count < hearing + others; count += 1) {
    const listener = new SQL(url, { max: 1 });
    await listener.listen(count < hearing ? "model" : "other", () => {
      received += 1;
    });
    listeners.push(listener);
  }
  const sent = 2_000;
  const cost = await costOf(async () => {
    for (let count = 0; count < sent; count += 1) await sql`SELECT pg_notify('model', ${payload})`;
    while (received < sent * hearing) await Bun.sleep(1);
  });
  for (const listener of listeners) await listener.close();
  const per = (value: number) => value / sent;
  return { engine: per(cost.engine), own: per(cost.own), wal: per(cost.wal), ms: per(cost.ms) };
}

const hearing = 20;
const [unheard, heard] = [await notified(0, 0), await notified(hearing, hearing)];
const notification = {
  engine: unheard.engine,
  enginePerListener: (heard.engine - unheard.engine) / (2 * hearing),
  own: unheard.own,
  ownPerDelivery: (heard.own - unheard.own) / hearing,
  wal: unheard.wal,
};

/** The memory that one session of a node adds: a page of the shared buffers that no other process has touched is none of it. */
function ownBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return 1_024 * Number(/^Pss_Anon: +(\d+) kB$/m.exec(text)?.[1] ?? 0);
}
const sessions = await sql<{ readonly pid: number }[]>`
  SELECT pid FROM pg_stat_activity WHERE application_name = 'yurt' AND backend_type = 'client backend'`;
const sessionBytes = sessions.map(({ pid }) => ownBytes(pid)).sort((left, right) => right - left)[0] ?? 0;

await store.close();
await sql.close();
process.stdout.write(`${JSON.stringify({ appended, look, announced, notification, sessionBytes }, undefined, 2)}\n`);
