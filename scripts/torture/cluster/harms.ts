import type { Random } from "../../../test/support/bytes/random.ts";
import { pause } from "../../../test/support/eventually.ts";
import type { TorturedCluster, TorturedNode } from "./tortured-cluster.ts";

/** The cluster that a harm is done to, while clients work. */
export interface Harmed {
  readonly cluster: TorturedCluster;
  /** The nodes that may be ended. */
  readonly mortal: readonly TorturedNode[];
  readonly random: Random;
  /** How long this harm lasts. */
  readonly seconds: number;
  /** Has some clients of a node end for good, at the moment at which it cannot tell anyone. */
  readonly depart: (node: TorturedNode) => void;
  /** The build of the server that a rolling restart starts, if not the same one. */
  readonly nextExecutable: string | undefined;
  readonly fault: (sentence: string) => void;
  /** Counts what was done. */
  readonly count: (what: string, times?: number) => void;
}

/** The time between the restarts of two nodes. */
const settlingMs = 500;

/** One way to harm a cluster. When it resolves, nodes, engine and network work again. */
export type Harm = (harmed: Harmed) => Promise<void>;

/** Every 2 s, one node is killed at once. It starts again within a second. */
async function killNodes({ mortal, random, seconds, depart, count }: Harmed): Promise<void> {
  await repeat(seconds, 2, async () => {
    const node = random.pick(mortal);
    await node.kill();
    depart(node);
    count("nodes killed");
    await pause(random.integer(1_000));
    await node.restart();
  });
}

/** Every second, the engine ends all connections of all nodes. */
async function endConnections({ cluster, seconds, count }: Harmed): Promise<void> {
  await repeat(seconds, 1, async () => count("connections ended", await cluster.endConnections()));
}

/** Every 6 s, the engine is killed at once. It starts again a second later. */
async function killEngine({ cluster, seconds, count }: Harmed): Promise<void> {
  await repeat(seconds, 6, async () => {
    await cluster.engine.kill();
    count("engines killed");
    await pause(Math.min(1_000, seconds * 500));
    await cluster.engine.restart();
  });
}

/** One node is stopped all the time, as a virtual machine that is suspended. */
async function freezeNode({ cluster, random, seconds, depart, count }: Harmed): Promise<void> {
  const node = random.pick(cluster.nodes);
  node.freeze();
  depart(node);
  count("nodes frozen");
  await pause(seconds * 1_000);
  node.thaw();
}

/** The network between one node and the engine is cut: twice for a third of the time, with different ends. */
async function cutNetwork({ cluster, random, seconds, count }: Harmed): Promise<void> {
  for (const forgets of [false, true]) {
    const node = random.pick(cluster.nodes);
    node.cut?.();
    count("networks cut");
    await pause((seconds * 1_000) / 3);
    node.mend?.({ forgets });
    await pause((seconds * 1_000) / 6);
  }
}

/** One node after the other is stopped and started again, as in an upgrade. */
async function restartNodes({ mortal, nextExecutable, fault, count }: Harmed): Promise<void> {
  for (const node of mortal) {
    const code = await node.stop();
    if (code !== 0) fault(`${node.name} has stopped with ${code}`);
    await node.restart(nextExecutable);
    count("nodes restarted");
    await pause(settlingMs);
  }
}

export const harms = {
  "kill -9 of a node": killNodes,
  "end of all connections": endConnections,
  "kill -9 of the engine": killEngine,
  "SIGSTOP of a node": freezeNode,
  "cut network": cutNetwork,
  "rolling restart": restartNodes,
} as const satisfies Readonly<Record<string, Harm>>;

/**
 * How long presence may be wrong after a harm, in milliseconds. A node that was killed is noticed within 5 s, one that is
 * frozen or cut off within 10 s. Clients renew their states only after 15 s.
 */
export const presenceMs: Readonly<Record<string, number>> = {
  "kill -9 of a node": 8_000,
  "end of all connections": 5_000,
  "kill -9 of the engine": 5_000,
  "SIGSTOP of a node": 13_000,
  "cut network": 13_000,
  "rolling restart": 5_000,
} satisfies Record<keyof typeof harms, number>;

/** Works at the beginning of each period, at least once, and resolves at the end of the time or of the last work. */
async function repeat(seconds: number, periodSeconds: number, work: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const until = (second: number) => pause(Math.max(0, startedAt + second * 1_000 - performance.now()));
  for (let second = 0; second === 0 || second < seconds; second += periodSeconds) {
    await until(second);
    await work();
  }
  await until(seconds);
}
