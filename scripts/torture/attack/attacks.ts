import { rm } from "node:fs/promises";
import { executable as ownExecutable } from "../../../test/support/processes/executable.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import { attacks } from "./catalog.ts";
import { Stage } from "./stage.ts";
import { tryAttacks } from "./trial.ts";
import { describeCounters, describeResult, faultsOf, type Goals } from "./verdict.ts";

export interface AttackOptions {
  /** A folder for the servers' data. It must exist. */
  readonly dataFolder: string;
  readonly progress?: Progress;
  /** The names of the attacks; all by default. */
  readonly names?: readonly string[] | undefined;
  /** How long each attack lasts. */
  readonly seconds?: number | undefined;
  /** The numbers of connections with which each attack runs, one after the other. */
  readonly connections: readonly (number | "own")[];
  /** The executable of the server, if it is not this repository's. */
  readonly executable?: string | undefined;
}

const goals: Goals = { growth: 150, deliveryP99: 50, healthP99: 100, join: 1_000, lag: 10 };
/** The attacker shares the cores with the server. */
const manyConnections = 50;
const defaultSeconds = 10;
const goalsOfMany: Goals = { ...goals, deliveryP99: 200 };
const backMs = 30_000;
/** Some attacks are felt when a document is compacted, after its last client has left. */
const watchedMs = 15_000;

/** Attacks, each on a server of its own beside honest clients: they are not disturbed, and memory stays bounded. */
export async function tortureByAttacks(options: AttackOptions): Promise<Outcome> {
  const { dataFolder, progress = () => {}, executable = ownExecutable } = options;
  const faults = new Faults();
  const figures: Record<string, string> = {};
  const stage = await Stage.set(dataFolder, executable);
  for (const attack of attacks.filter(({ name }) => options.names?.includes(name) ?? true)) {
    const counts = options.connections.map((count) => (count === "own" ? attack.connections : count));
    for (const connections of new Set(counts)) {
      const copy = await stage.copy();
      const result = await tryAttacks([attack], {
        ...{ dataFolder: copy, executable, backMs, watchedMs },
        connectionsOf: () => connections,
        seconds: options.seconds ?? defaultSeconds,
      });
      await rm(copy, { recursive: true });
      const title = `${attack.name} × ${connections}`;
      const found = faultsOf(result, connections < manyConnections ? goals : goalsOfMany);
      for (const fault of found) faults.add(`${title}: ${fault}`);
      figures[title] = describeResult(result);
      progress(`${found.length === 0 ? "ok  " : "FAIL"} ${title}: ${figures[title]}`);
      progress(`       ${describeCounters(result)}`);
    }
  }
  return { figures, faults: faults.all };
}
