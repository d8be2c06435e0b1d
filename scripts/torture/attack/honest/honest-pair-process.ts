/**
 * Two honest y-websocket clients in one room: `bun honest-pair-process.ts <wsUrl> <room> [<token>]`. One types a character
 * every 20 ms, the other receives it.
 *
 * Sends "ready" to its parent when both are in sync. Each message of the parent ends a period, and is answered with a
 * `PairReport` about it; before the answer to "last" the typist stops and the reader waits for the rest. The process ends
 * with its parent.
 */
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { percentile } from "../../../bench/statistics.ts";

/** One period of an honest pair. Times are in milliseconds. */
export interface PairReport {
  readonly sent: number;
  /** Characters that had not arrived when the period ended. Their delivery counts with the time so far. */
  readonly onTheWay: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The delay of this process' own timers: deliveries cannot be measured more exactly. */
  readonly ownLagP99: number;
  /** How many times a client lost its connection. */
  readonly closed: number;
}

const typeEveryMs = 20;
/** How long the last characters may take. */
const lastMs = 20_000;

const [wsUrl = "", room = "", token] = process.argv.slice(2);
const [typist, reader] = [connect(), connect()];
const text = typist.doc.getText("text");
const received = reader.doc.getText("text");
/** When each character that is on the way was sent, in order. */
const sentAt: number[] = [];
let arrived = 0;
let deliveries: number[] = [];
let ownLags: number[] = [];
let sent = 0;
let closed = 0;
let dueAt = 0;

await Promise.all([typist, reader].map(({ provider }) => synced(provider)));
for (const { provider } of [typist, reader]) {
  provider.on("status", ({ status }) => {
    if (status === "disconnected") closed += 1;
  });
}
received.observe(() => {
  const now = performance.now();
  for (; arrived < received.length; arrived += 1) deliveries.push(now - (sentAt.shift() ?? now));
});
dueAt = performance.now() + typeEveryMs;
const typing = setInterval(type, typeEveryMs);
process.on("message", async (message) => {
  if (message === "last") await finish();
  process.send?.(report());
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

function connect() {
  const doc = new Y.Doc();
  const params = token === undefined ? {} : { token };
  const provider = new WebsocketProvider(`${wsUrl}/sync`, room, doc, { disableBc: true, params });
  provider.awareness.setLocalState({ user: { name: "honest" } });
  return { doc, provider };
}

async function synced(provider: WebsocketProvider): Promise<void> {
  if (provider.synced) return;
  await new Promise<void>((resolve) => provider.on("sync", () => resolve()));
}

function type(): void {
  const now = performance.now();
  ownLags.push(Math.max(0, now - dueAt));
  dueAt = now + typeEveryMs;
  sent += 1;
  sentAt.push(now);
  text.insert(text.length, "x");
}

async function finish(): Promise<void> {
  clearInterval(typing);
  const startedAt = performance.now();
  while (sentAt.length > 0 && performance.now() - startedAt < lastMs) await Bun.sleep(typeEveryMs);
}

function report(): PairReport {
  const now = performance.now();
  const all = [...deliveries, ...sentAt.map((at) => now - at)];
  const result: PairReport = {
    sent,
    onTheWay: sentAt.length,
    p50: percentile(all, 0.5),
    p99: percentile(all, 0.99),
    max: percentile(all, 1),
    ownLagP99: percentile(ownLags, 0.99),
    closed,
  };
  [deliveries, ownLags, sent, closed] = [[], [], 0, 0];
  return result;
}
