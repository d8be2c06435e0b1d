import { readFileSync } from "node:fs";
import { SQL } from "bun";
import { createMetrics } from "../../src/ops/metrics.ts";
import { readBatches } from "../../src/storage/postgres/feed/read-feed.ts";
import { openPostgresStore } from "../../src/storage/postgres/postgres-store.ts";
import { PostgresServer } from "../../test/support/programs/postgres.ts";

/** Measures the costs that the model of a cluster adds up, on a Postgres of its own. Prints one JSON object. */

const updateBytes = 40;
const documents = 1_000;
const payload = "x".repeat(7_990);

await using engine = await PostgresServer.start({ isDurable: true });
const url = await engine.newSchema();
const store = await openPostgresStore({ url, metrics: createMetrics() });
const sql = new SQL(url, { max: 1 });

/** The CPU time of all processes of Postgres, and of this one, in µs. */
function cpu(): { readonly engine: number; readonly own: number } {
  const { system, user } = process.cpuUsage();
  return { engine: engine.pids.reduce((sum, pid) => sum + cpuOf(pid), 0), own: system + user };
}

/** From the fields utime and stime, in ticks of 10 ms. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return 10_000 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0;
  }
}

async function walBytes(): Promise<number> {
  const [found] = await sql<{ readonly bytes: number }[]>`
    SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`;
  return found?.bytes ?? 0;
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
        return { document: `notes/${next % documents}`, update: new Uint8Array(updateBytes), user: "user" };
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

await append(100, 100);
const appended = split(await append(2_000, 10), await append(300, 400), [10, 400], [2_000, 300]);

const [writer] = await sql<{ readonly id: number; readonly head: number }[]>`
  SELECT id::float8, head::float8 FROM yurt_writers ORDER BY head DESC LIMIT 1`;
const { head = 0, id = 0 } = writer ?? {};
const readRange = (from: number, count: number) =>
  costOf(async () => {
    for (let after = from; after < from + count; after += 1)
      await readBatches({ writer: id, after, until: after + 1 }, sql);
  });
const read = split(await readRange(100, 1_500), await readRange(head - 280, 280), [10, 400], [1_500, 280]);

/** The cost of one notification for so many sessions that listen. */
async function notified(listeners: number): Promise<Cost> {
  const heard: SQL[] = [];
  let received = 0;
  for (let count = 0; count < listeners; count += 1) {
    const listener = new SQL(url, { max: 1 });
    await listener.listen("model", () => {
      received += 1;
    });
    heard.push(listener);
  }
  const sent = 2_000;
  const cost = await costOf(async () => {
    for (let count = 0; count < sent; count += 1) await sql`SELECT pg_notify('model', ${payload})`;
    while (received < sent * listeners) await Bun.sleep(1);
  });
  for (const listener of heard) await listener.close();
  const per = (value: number) => value / sent;
  return { engine: per(cost.engine), own: per(cost.own), wal: per(cost.wal), ms: per(cost.ms) };
}

const [few, many] = [await notified(2), await notified(18)];
const perDelivery = { engine: (many.engine - few.engine) / 16, own: (many.own - few.own) / 16 };
const notification = { engine: few.engine - 2 * perDelivery.engine, wal: few.wal, perDelivery };

/** The memory that one idle session of a node adds: its pages that no other process has. */
function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return (
    1_024 * [...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)].reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0)
  );
}
const sessions = await sql<{ readonly pid: number }[]>`
  SELECT pid FROM pg_stat_activity WHERE application_name = 'yurt' AND backend_type = 'client backend'`;
const sessionBytes = sessions.map(({ pid }) => privateBytes(pid)).sort((left, right) => right - left)[0] ?? 0;

await store.close();
await sql.close();
process.stdout.write(`${JSON.stringify({ appended, read, notification, sessionBytes }, undefined, 2)}\n`);
