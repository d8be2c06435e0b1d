/**
 * Tortures the executable:
 * `bun scripts/torture/main.ts [NAME…]`, with names of `tortures` below, or `all`.
 *
 * `--rounds` (kill, requests, webhooks), `--frames` (fuzz, fast-reader, stun, turn) and `--clients` (storm) set the amount, `--seed` repeats a printed seed.
 * `--attack` (attack) names one attack, or several separated by commas, and `--connections` the numbers of connections that
 * attack (`own`: as many as the attack has by itself; default: own,50). `--candidate` (cost) is a file with frames of an
 * earlier search. `--seconds` (attack, cluster, cost, turn-soak) and `--executable` (attack, cluster, cost) are how long it
 * lasts (cluster: each harm), and another build of the server. `--minutes` (cluster) repeats the harms for so long, to show
 * that the memory of the nodes does not grow. `--harm` (cluster) names one harm, or several separated by
 * commas; with `--system hocuspocus` it is done to Hocuspocus on Redis, as a comparison.
 * `--protocol` is the protocol of the sync clients: `y-websocket`, `hocuspocus` or `mixed`. A torture with a single
 * protocol takes the first of `mixed`; fuzz uses all. The exit status is 1 when a guarantee was broken.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { ensureExecutable } from "../../test/support/processes/executable.ts";
import { tortureByAttacks } from "./attack/attacks.ts";
import { findAttack } from "./attack/catalog.ts";
import { hocuspocus, hocuspocusSessions } from "./client/hocuspocus-protocol.ts";
import type { SyncProtocol } from "./client/sync-protocol.ts";
import { yWebsocket } from "./client/y-websocket-protocol.ts";
import { tortureCluster } from "./cluster/cluster.ts";
import { harms } from "./cluster/harms.ts";
import { tortureByFullDisk } from "./disk-full.ts";
import { tortureByFreezing } from "./frozen.ts";
import { tortureByCost } from "./fuzz/cost/cost.ts";
import { tortureByFrames } from "./fuzz/fuzz.ts";
import { tortureByReading } from "./fuzz/readers.ts";
import { tortureByPackets } from "./fuzz/stun.ts";
import { tortureByIdling } from "./idle-proxy.ts";
import { tortureByFetching, tortureBySlowJoining } from "./joiners.ts";
import { tortureByKilling } from "./kill.ts";
import { tortureByNats } from "./nat/nat.ts";
import { formatOutcome, type Outcome } from "./outcome.ts";
import { tortureByRequests } from "./requests.ts";
import { tortureByStalling } from "./stall.ts";
import { tortureByStorm } from "./storm.ts";
import { tortureByTurnPackets } from "./turn-packets.ts";
import { tortureByTurnSoak } from "./turn-soak.ts";
import { tortureWebhooks } from "./webhooks/webhooks.ts";

interface Given {
  readonly rounds: number;
  readonly frames: number;
  readonly clients: number;
  readonly seed: number;
  readonly protocols: readonly SyncProtocol[];
  /** The first of `protocols`. */
  readonly protocol: SyncProtocol;
  readonly dataFolder: string;
  readonly progress: (line: string) => void;
  /** The attacks by name; all if undefined. */
  readonly names: readonly string[] | undefined;
  readonly seconds: number | undefined;
  readonly minutes: number | undefined;
  readonly connections: readonly (number | "own")[];
  readonly executable: string | undefined;
  readonly candidate: string | undefined;
  /** The servers of a cluster; Yurt if undefined. */
  readonly system: "hocuspocus" | undefined;
  /** The harms of a cluster; all if undefined. */
  readonly harms: readonly string[] | undefined;
}

const tortures: Readonly<Record<string, (given: Given) => Promise<Outcome>>> = {
  kill: tortureByKilling,
  webhooks: tortureWebhooks,
  requests: tortureByRequests,
  fuzz: tortureByFrames,
  "fast-reader": tortureByReading,
  stun: tortureByPackets,
  turn: tortureByTurnPackets,
  "turn-soak": tortureByTurnSoak,
  stall: (given) => tortureByStalling({ ...given, updates: 10_000 }),
  fetch: (given) => tortureByFetching({ ...given, megabytes: 10 }),
  "slow-joiner": (given) => tortureBySlowJoining({ ...given, megabytes: 20, bytesPerSecond: 6_000_000 }),
  // More than 3 minutes: y-websocket reconnects after 30 s without a whole message.
  "slow-link": (given) => tortureBySlowJoining({ ...given, megabytes: 20, bytesPerSecond: 100_000 }),
  storm: tortureByStorm,
  freeze: (given) => tortureByFreezing({ ...given, clients: 50, frozenMs: 150_000, ...defaultLimits }),
  nat: tortureByNats,
  "disk-full": tortureByFullDisk,
  attack: tortureByAttacks,
  cost: tortureByCost,
  cluster: ({ seconds = 30, ...given }) =>
    tortureCluster({ ...given, seconds, documents: 24, updatesPerSecond: 2_000 }),
  // nginx waits 60 s by default.
  "idle-proxy": ({ dataFolder }) => tortureByIdling({ dataFolder, idleMs: 150_000 }),
};

const protocolsOf: Readonly<Record<string, readonly [SyncProtocol, ...SyncProtocol[]]>> = {
  "y-websocket": [yWebsocket],
  hocuspocus: [hocuspocus, hocuspocusSessions],
  mixed: [hocuspocus, yWebsocket, hocuspocusSessions],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "100" },
    frames: { type: "string", default: "1000000" },
    clients: { type: "string", default: "2000" },
    protocol: { type: "string", default: "y-websocket" },
    attack: { type: "string" },
    seconds: { type: "string" },
    minutes: { type: "string" },
    connections: { type: "string", default: "own,50" },
    executable: { type: "string" },
    candidate: { type: "string" },
    harm: { type: "string" },
    system: { type: "string", default: "yurt" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});

const asked = positionals.length === 0 || positionals.includes("all") ? Object.keys(tortures) : positionals;
const unknown = asked.filter((name) => !Object.hasOwn(tortures, name));
const amounts = { rounds: +values.rounds, frames: +values.frames, clients: +values.clients, seed: +values.seed };
const attack = {
  names: values.attack?.split(","),
  seconds: values.seconds === undefined ? undefined : +values.seconds,
  minutes: values.minutes === undefined ? undefined : +values.minutes,
  connections: values.connections.split(",").map((count) => (count === "own" ? count : +count)),
  executable: values.executable,
  candidate: values.candidate,
  harms: values.harm?.split(","),
  system: values.system === "hocuspocus" ? ("hocuspocus" as const) : undefined,
};
const protocols = Object.hasOwn(protocolsOf, values.protocol) ? protocolsOf[values.protocol] : undefined;
if (
  protocols === undefined ||
  unknown.length > 0 ||
  (attack.names ?? []).some((name) => findAttack(name) === undefined) ||
  !["yurt", "hocuspocus"].includes(values.system) ||
  (attack.harms ?? []).some((name) => !Object.hasOwn(harms, name)) ||
  [
    ...Object.values(amounts),
    attack.seconds ?? 0,
    attack.minutes ?? 0,
    ...attack.connections.filter((count) => count !== "own"),
  ].some((amount) => !Number.isSafeInteger(amount) || amount < 0)
) {
  console.error(`usage: torture [${[...Object.keys(tortures), "all"].join("|")}] [--protocol name] [--rounds n] …`);
  process.exit(2);
}

if (attack.executable === undefined) await ensureExecutable();
let failed = 0;
for (const name of asked) {
  const startedAt = performance.now();
  console.log(`${name}, ${values.protocol}, seed ${amounts.seed}`);
  const dataFolder = await mkdtemp(join(tmpdir(), `yurt-torture-${name}-`));
  try {
    const progress = (line: string) => console.log(`  … ${line}`);
    const outcome = await tortures[name]?.({
      ...amounts,
      ...attack,
      protocols,
      protocol: protocols[0],
      dataFolder,
      progress,
    });
    if (outcome === undefined) continue;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(formatOutcome(`${name} (${seconds} s)`, outcome));
    if (outcome.faults.length === 0) await rm(dataFolder, { recursive: true, force: true });
    else console.log(`  the data is kept in ${dataFolder}`);
    failed += Math.min(1, outcome.faults.length);
  } catch (error) {
    console.log(
      `FAIL  ${name}\n  ! ${error instanceof Error ? error.stack : error}\n  the data is kept in ${dataFolder}`,
    );
    failed += 1;
  }
}
process.exit(failed === 0 ? 0 : 1);
