/**
 * An honest visitor: `bun honest-visitor-process.ts <port> <document> [<token>]`. It asks for /healthz 20 times a second,
 * whether earlier answers have come or not, and joins the document every 2 s.
 *
 * Sends "ready" to its parent after the first join. Each message of the parent ends a period, and is answered with a
 * `VisitorReport` about it. The process ends with its parent.
 */
import { percentile } from "../../../bench/statistics.ts";
import { fetchDocument } from "../../client/sync-client.ts";
import { SyncServer } from "../../client/sync-server.ts";
import { yWebsocket } from "../../client/y-websocket-protocol.ts";

/** One period of a visitor. Times are in milliseconds; a failure is a fault of the server. */
export interface VisitorReport {
  readonly healthP99: number;
  readonly healthMax: number;
  readonly joins: number;
  readonly joinMax: number;
  readonly failures: readonly string[];
}

const probeEveryMs = 50;
const joinEveryMs = 2_000;
const limitMs = 20_000;

const [port, document = "", token] = process.argv.slice(2);
const protocol = token === undefined ? yWebsocket : { ...yWebsocket, path: withToken };
const server = new SyncServer(`ws://127.0.0.1:${port}`, protocol);
const failures: string[] = [];
/** The requests in progress, by their beginning: each counts with the time so far when a period ends. */
const probing = new Set<number>();
const joining = new Set<number>();
let probes: number[] = [];
let joins: number[] = [];

await timed(joining, join);
joins = [];
setInterval(() => void timed(probing, probe).then((ms) => probes.push(ms)), probeEveryMs);
void joinOn();
process.on("message", () => process.send?.(report()));
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

function withToken(room: string): string {
  return `${yWebsocket.path(room)}?token=${token}`;
}

async function timed(going: Set<number>, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  going.add(startedAt);
  await work().catch((error: unknown) => failures.push(String(error)));
  going.delete(startedAt);
  return performance.now() - startedAt;
}

async function probe(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(limitMs) });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`/healthz answers ${response.status}`);
}

async function join(): Promise<void> {
  await fetchDocument(server, document, limitMs);
}

async function joinOn(): Promise<never> {
  for (;;) {
    joins.push(await timed(joining, join));
    await Bun.sleep(joinEveryMs);
  }
}

function report(): VisitorReport {
  const now = performance.now();
  const soFar = (going: ReadonlySet<number>) => [...going].map((at) => now - at);
  const health = [...probes, ...soFar(probing)];
  const joined = [...joins, ...soFar(joining)];
  const result: VisitorReport = {
    healthP99: percentile(health, 0.99),
    healthMax: percentile(health, 1),
    joins: joins.length,
    joinMax: Math.max(0, ...joined),
    failures: failures.splice(0),
  };
  [probes, joins] = [[], []];
  return result;
}
