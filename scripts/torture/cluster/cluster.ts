import * as Y from "yjs";
import { Random } from "../../../test/support/bytes/random.ts";
import { eventually, pause } from "../../../test/support/eventually.ts";
import { hocuspocus } from "../client/hocuspocus-protocol.ts";
import { fetchDocument } from "../client/sync-client.ts";
import { SyncServer } from "../client/sync-server.ts";
import { yWebsocket } from "../client/y-websocket-protocol.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import { openTrace } from "../trace.ts";
import { audit } from "./audit.ts";
import { Crowd, isConverged } from "./crowd.ts";
import { type Harm, harms, presenceMs } from "./harms.ts";
import { HocuspocusCluster } from "./hocuspocus-cluster.ts";
import type { Known } from "./member.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { PresenceWatch } from "./presence.ts";
import type { TorturedCluster } from "./tortured-cluster.ts";
import { YurtCluster } from "./yurt-cluster.ts";

export interface ClusterOptions {
  /** The servers; Yurt if it is not set. */
  readonly system?: "yurt" | "hocuspocus" | undefined;
  /** How long each harm lasts. */
  readonly seconds: number;
  /**
   * The harms are repeated for so long, on documents that do not grow and with a node that is never ended, to show that its
   * memory does not grow. Undefined: each harm once, on documents that grow.
   */
  readonly minutes?: number | undefined;
  readonly documents: number;
  readonly updatesPerSecond: number;
  readonly seed: number;
  readonly dataFolder: string;
  readonly progress?: Progress;
  /** Another build of the server than this repository's. */
  readonly executable?: string | undefined;
  /** The build of the server that a rolling restart starts, if not the same one. */
  readonly nextExecutable?: string | undefined;
  /** The harms by name; all if undefined. */
  readonly harms?: readonly string[] | undefined;
}

const nodeCount = 3;
const traceEdits = 40_000;
const startMs = 20_000;
/** The bound of the guarantee, after the end of a harm. */
const convergenceMs = 5_000;
/** Presences that are wrong for longer are reported, though they are within the bound. */
const latePresenceMs = 1_000;
/** How much longer the torture waits when a bound is missed, so that it says by how much, and the next round starts in order. */
const patienceMs = 15_000;
const auditPeriodMs = 100;
/** Hocuspocus stores a change within 10 s. */
const storingMs = 15_000;
/** The memory of a process may grow by this share and these bytes after its first round: what it holds grows as well. */
const memoryGrowth = { ratio: 1.5, bytes: 64 * 2 ** 20 };

/**
 * Has real clients write into documents on three nodes of a cluster, and harms the nodes, the engine and the network
 * between them. Checks that nothing is lost that a client has seen or had acknowledged, that all converge, and that the
 * clients have to do nothing but to connect again.
 */
export async function tortureCluster(options: ClusterOptions): Promise<Outcome> {
  const { dataFolder: folder, executable, seed, documents, system = "yurt", updatesPerSecond } = options;
  await using cluster: TorturedCluster =
    system === "yurt"
      ? await YurtCluster.start({ count: nodeCount, folder, executable })
      : await HocuspocusCluster.start({ count: nodeCount, folder });
  const faults = new Faults();
  const random = new Random(seed);
  const troubled = (why: string) => faults.add(why);
  using crowd = new Crowd({
    nodes: cluster.nodes,
    kinds: system === "yurt" ? ["y-websocket", "hocuspocus"] : ["hocuspocus"],
    documents,
    updatesPerSecond,
    edits: options.minutes === undefined ? openTrace(traceEdits, seed).patches : "overwrite",
    random,
    troubled,
  });
  await eventually("all clients are synced", () => crowd.members.every(({ isSynced }) => isSynced), startMs);
  return await new ClusterTorture({ ...options, cluster, crowd, faults, random }).run();
}

interface Stage extends ClusterOptions {
  readonly cluster: TorturedCluster;
  readonly crowd: Crowd;
  readonly faults: Faults;
  readonly random: Random;
}

class ClusterTorture {
  readonly #stage: Stage;
  readonly #figures: Record<string, number | string> = {};
  readonly #lost = { seen: 0, acknowledged: 0 };
  #audits = 0;
  /** The memory of each process after its first round. */
  readonly #memory = new Map<number, number>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async run(): Promise<Outcome> {
    const { cluster, crowd, faults, harms: chosen = Object.keys(harms), minutes = 0 } = this.#stage;
    const over = new AbortController();
    const auditing = this.#auditUntil(over.signal);
    const memory = new MemoryWatch(cluster.nodes);
    const lastMs = performance.now() + minutes * 60_000;
    do {
      for (const [name, harm] of Object.entries(harms)) if (chosen.includes(name)) await this.#round(name, harm);
    } while (performance.now() < lastMs);
    memory.end();
    if (minutes > 0) for (const fault of memory.faults) faults.add(fault);
    over.abort();
    await auditing;
    await this.#checkContent();
    for (const { faults: found } of cluster.nodes) for (const fault of found) faults.add(fault);
    return {
      figures: {
        seed: this.#stage.seed,
        edits: crowd.typed,
        connections: crowd.connections,
        ...Object.fromEntries([...crowd.closes].map(([name, count]) => [`closed with ${name}`, count])),
        ...this.#figures,
        ...memory.figures,
        audits: this.#audits,
        "seen clocks missing": this.#lost.seen,
        "acknowledged clocks missing": this.#lost.acknowledged,
      },
      faults: faults.all,
    };
  }

  async #round(name: string, harm: Harm): Promise<void> {
    const { cluster, crowd, faults, minutes, progress, random, seconds } = this.#stage;
    crowd.invite();
    await eventually("all clients are synced", () => crowd.members.every(({ isSynced }) => isSynced), startMs);
    crowd.work();
    await harm({
      cluster,
      mortal: minutes === undefined ? cluster.nodes : cluster.nodes.slice(1),
      random,
      seconds,
      nextExecutable: this.#stage.nextExecutable,
      fault: (sentence) => faults.add(sentence),
      depart: (node) => crowd.depart(node),
      count: (what, times = 1) => {
        this.#figures[what] = Number(this.#figures[what] ?? 0) + times;
      },
    });
    crowd.rest();
    for (const node of cluster.nodes) crowd.depart(node);
    const endedAt = performance.now();
    const watch = new PresenceWatch();
    const within = async (what: string, limitMs: number, wrong: () => readonly string[]) => {
      const ended = await eventually(what, () => wrong().length === 0, limitMs + patienceMs).then(
        () => true,
        () => false,
      );
      const ms = Math.round(performance.now() - endedAt);
      const figure = `${name}: ms until ${what}`;
      this.#figures[figure] = Math.max(ms, Number(this.#figures[figure] ?? 0));
      if (ended && ms <= limitMs) return;
      faults.add(`after ${name}: ${what} after ${ms} ms${ended ? "" : `: ${wrong().slice(0, 5).join("; ")}`}`);
    };
    await within("all clients have converged", convergenceMs, () => this.#unconverged());
    await within("presence is right", presenceMs[name] ?? 0, () => watch.look(crowd.circles));
    for (const late of watch.wrongAfter(latePresenceMs).slice(0, 5)) progress?.(`presence was wrong ${late}`);
    this.#checkMemory(name);
    progress?.(
      `${name}: ${crowd.typed} edits so far, converged within ${this.#figures[`${name}: ms until all clients have converged`]} ms`,
    );
  }

  #unconverged(): readonly string[] {
    const { crowd } = this.#stage;
    const away = crowd.members.filter(({ isSynced }) => !isSynced).map(({ name }) => `${name} is not synced`);
    if (away.length > 0) return away;
    return crowd.circles.filter((circle) => !isConverged(circle)).map(({ known }) => `${known.name} differs`);
  }

  /** Looks at one document after the other while clients write. The database may be away. */
  async #auditUntil(signal: AbortSignal): Promise<void> {
    const { cluster, crowd } = this.#stage;
    while (cluster.storesFirst && !signal.aborted) {
      for (const { known } of crowd.circles) {
        await pause(auditPeriodMs);
        if (signal.aborted) return;
        await this.#audit(known).catch(() => {});
      }
    }
  }

  async #audit(known: Known): Promise<void> {
    const { cluster } = this.#stage;
    const lost = await audit(known, (name) => cluster.stored(name));
    this.#audits += 1;
    this.#lost.seen += lost.seen;
    this.#lost.acknowledged += lost.acknowledged;
    if (lost.seen + lost.acknowledged > 0) this.#stage.faults.add(`${known.name} in the database lacks ${lost.which}`);
  }

  /** Compares clients, nodes and the database at the end. */
  async #checkContent(): Promise<void> {
    const { cluster, crowd, faults } = this.#stage;
    if (!cluster.storesFirst) await pause(storingMs);
    const protocol = cluster.storesFirst ? yWebsocket : hocuspocus;
    for (const { known, members } of crowd.circles) {
      await this.#audit(known);
      const stored = await cluster.stored(known.name);
      const isWhole = stored.store.pendingStructs === null && stored.store.pendingDs === null;
      faults.unless(isWhole, `${known.name} has gaps in the database`);
      for (const { name, doc } of members) faults.unless(isSame(doc, stored), `${name} differs from the database`);
      for (const { name, wsUrl } of cluster.nodes) {
        const served = new Y.Doc();
        for (const update of await fetchDocument(new SyncServer(wsUrl, protocol), known.name))
          Y.applyUpdate(served, update);
        faults.unless(isSame(served, stored), `${known.name} on ${name} differs from the database`);
      }
    }
  }

  #checkMemory(round: string): void {
    const { cluster, faults } = this.#stage;
    for (const { memory, name, pid } of cluster.nodes) {
      const first = this.#memory.get(pid);
      this.#figures[`${round}: MB of ${name}`] = Math.round(memory / 1e6);
      if (first === undefined) this.#memory.set(pid, memory);
      else if (memory > first * memoryGrowth.ratio + memoryGrowth.bytes)
        faults.add(`the memory of ${name} has grown from ${first} to ${memory} bytes`);
    }
  }
}

function isSame(doc: Y.Doc, other: Y.Doc): boolean {
  return Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(other));
}
