/**
 * Compares the executable with other servers under the same load and prints one table per scenario. This process makes
 * the load. Each server is a process of its own, which starts and ends with the scenario.
 *
 * `--scenario NAME` and `--server NAME` select (both may be repeated). `--runs N` prints the medians of N runs.
 * `--quick` is a smoke test. `--json FILE` writes the numbers of every run. `--against COMMIT` builds another commit of this
 * repository and runs it in turn with the present one. `--baseline "PATH FLAG…"` adds an executable that exists.
 */
import { cpus, release } from "node:os";
import { medians, runOnce } from "./bench.ts";
import { typedUpdates } from "./load/updates.ts";
import type { Measurement } from "./measurement.ts";
import { type Options, parseOptions } from "./options.ts";
import { scenarios } from "./scenarios/all.ts";
import type { Scenario, Size } from "./scenarios/scenario.ts";
import { servers } from "./servers/all.ts";
import type { ServerKind } from "./servers/server.ts";
import { formatGoals, formatPairs, formatRatioGoal, formatTable, type Pairs } from "./table.ts";

interface Result {
  readonly scenario: string;
  readonly server: string;
  /** Undefined for a run that failed. */
  readonly runs: readonly (Measurement | undefined)[];
}

async function bench({ scenarios: chosen, servers: compared, runs, size, jsonFile }: Options): Promise<boolean> {
  const ready = await prepare(compared);
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model ?? "unknown"}, Linux ${release()}, Bun ${Bun.version}`;
  console.log(`${machine}; medians of ${runs}${size === "quick" ? ", quick" : ""}; ${typedUpdates(1).source}\n`);
  for (const { name, about } of ready) console.log(`${name}: ${about}`);
  const results: Result[] = [];
  let isComplete = ready.length === compared.length;
  for (const scenario of chosen) {
    const measured = await compare(scenario, ready, { runs, size });
    isComplete &&= measured.every(({ runs: done }) => !done.includes(undefined));
    results.push(...measured);
    if (measured.length > 0) print(scenario, measured, { kinds: ready, size });
  }
  if (jsonFile !== undefined)
    await Bun.write(jsonFile, `${JSON.stringify({ machine, size, results }, undefined, 2)}\n`);
  return isComplete;
}

/** Prepares the servers and returns those that can run here. */
async function prepare(kinds: readonly ServerKind[]): Promise<readonly ServerKind[]> {
  const ready: ServerKind[] = [];
  for (const kind of kinds) {
    try {
      await kind.prepare();
      ready.push(kind);
    } catch (error) {
      console.error(`${kind.name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return ready;
}

async function compare(
  scenario: Scenario,
  kinds: readonly ServerKind[],
  { runs, size }: Pick<Options, "runs" | "size">,
): Promise<readonly Result[]> {
  const results = kinds
    .filter(({ abilities }) => [scenario.needs].flat().every((ability) => abilities.has(ability)))
    .map((kind) => ({ kind, runs: [] as (Measurement | undefined)[] }));
  // The servers take turns within each run, so that other work on the machine affects all of them alike.
  for (let run = 0; run < runs; run += 1) {
    for (const { kind, runs: done } of results) {
      try {
        done[run] = await runOnce(scenario, kind, size);
      } catch (error) {
        console.error(`${scenario.name} with ${kind.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  return results.map(({ kind, runs: done }) => ({
    scenario: scenario.name,
    server: kind.name,
    runs: Array.from({ length: runs }, (_, run) => done[run]),
  }));
}

interface Comparison {
  readonly kinds: readonly ServerKind[];
  readonly size: Size;
}

function print(scenario: Scenario, measured: readonly Result[], { kinds, size }: Comparison): void {
  const results = new Map(measured.map(({ server, runs }) => [server, medians(complete(runs))]));
  console.log(`\n### ${scenario.name}: ${scenario.about}\n\n${formatTable(scenario.metrics, results)}\n`);
  // Figures of the small load are not meaningful, so goals are judged at full size only.
  if (size !== "full") return;
  console.log(formatGoals(scenario.metrics, results, results.has("yurt") ? "yurt" : "yurt-cluster"));
  for (const { name: server, goal, pairedWith: partner } of kinds) {
    if (goal !== undefined) console.log(formatRatioGoal(scenario.metrics, results, { server, goal }));
    if (partner !== undefined) console.log(formatPairs(scenario.metrics, pairsOf(measured, partner, server)));
  }
}

function pairsOf(measured: readonly Result[], server: string, other: string): Pairs {
  const runsOf = (name: string) => measured.find((result) => result.server === name)?.runs ?? [];
  const others = runsOf(other);
  const runs = runsOf(server).flatMap((run, index) => {
    const otherRun = others[index];
    return run === undefined || otherRun === undefined ? [] : [[run, otherRun] as const];
  });
  return { server, other, runs };
}

function complete(runs: readonly (Measurement | undefined)[]): readonly Measurement[] {
  return runs.filter((run) => run !== undefined);
}

try {
  const isComplete = await bench(parseOptions(process.argv.slice(2), { scenarios, servers }));
  process.exit(isComplete ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
