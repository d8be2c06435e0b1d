import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../../../../test/support/bytes/random.ts";
import { executable as ownExecutable } from "../../../../test/support/processes/executable.ts";
import { Stage } from "../../attack/stage.ts";
import { Faults, type Outcome, type Progress } from "../../outcome.ts";
import { type Candidate, describeCandidate, parseCandidate, serialized } from "./candidate.ts";
import { CostSearch } from "./cost-search.ts";
import type { CostServerOptions } from "./cost-server.ts";
import { memoryCost, type ThoroughCost, thoroughCost, timeCost } from "./thorough-cost.ts";

export interface CostOptions {
  readonly seconds?: number | undefined;
  readonly seed: number;
  readonly dataFolder: string;
  readonly executable?: string | undefined;
  /** A file with a candidate of an earlier search: it alone is measured. */
  readonly candidate?: string | undefined;
  readonly progress?: Progress;
}

/** The bounds of proportion: CPU time and memory of the server per byte that it received. */
export const mostMicrosecondsPerByte = 50;
export const mostBytesKeptPerByte = 100;

const defaultSeconds = 600;
const reported = 10;
/** The numbers of the costliest of each protocol that are measured thoroughly. */
const examinedInTime = 2;
const examinedInMemory = 1;
/** A measurement of memory takes as long as so many of time. */
const timeStepsOfMemoryStep = 100;
const reportEveryMs = 120_000;

/** Looks for frames that cost the server most per byte, and reports the worst ten; or measures one candidate. */
export async function tortureByCost(options: CostOptions): Promise<Outcome> {
  const { dataFolder, executable = ownExecutable, progress = () => {} } = options;
  const template = await (await Stage.set(dataFolder, executable, "history")).copy();
  const server = { folder: join(dataFolder, "servers"), template, executable };
  await mkdir(server.folder);
  const faults = new Faults();
  const found =
    options.candidate === undefined
      ? await findCostly(options, server, faults)
      : [parseCandidate(await readFile(options.candidate, "utf8"))];
  const examined: Examined[] = [];
  for (const candidate of found) {
    const entry = { candidate, cost: await thoroughCost(candidate, server) };
    examined.push(entry);
    progress(describe(entry));
  }
  const worst = examined.toSorted((one, other) => excessOf(other.cost) - excessOf(one.cost)).slice(0, reported);
  const figures: Record<string, string> = {};
  for (const [index, entry] of worst.entries()) {
    const file = join(dataFolder, `worst-${index + 1}.json`);
    await writeFile(file, serialized(entry.candidate));
    figures[`${index + 1}.`] = `${describe(entry)}\n      ${file}`;
    faults.unless(excessOf(entry.cost) <= 1, `out of proportion: ${describe(entry)}`);
  }
  return { figures, faults: faults.all };
}

/** Searches for the time that was asked for, and resolves with the costliest candidates of each protocol. */
async function findCostly(
  { seed, seconds = defaultSeconds, dataFolder, progress = () => {} }: CostOptions,
  server: CostServerOptions,
  faults: Faults,
): Promise<readonly Candidate[]> {
  const random = new Random(seed);
  const time = new CostSearch({ random, server, kind: timeCost });
  const memory = new CostSearch({ random, server, kind: memoryCost });
  const overAt = performance.now() + seconds * 1_000;
  let reportAt = performance.now() + reportEveryMs;
  while (performance.now() < overAt) {
    for (let step = 0; step < timeStepsOfMemoryStep; step += 1) await time.step();
    await memory.step();
    if (performance.now() < reportAt) continue;
    reportAt = performance.now() + reportEveryMs;
    for (const search of [time, memory]) {
      progress(`${search.name}, ${search.measured} measured: ${search.summary}`);
      for (const candidate of search.costliest(1)) {
        await writeFile(join(dataFolder, `${search.name}-${candidate.protocol}.json`), serialized(candidate));
      }
    }
  }
  for (const search of [time, memory]) {
    await search.close();
    for (const fault of search.faults) faults.add(fault);
  }
  return [...time.costliest(examinedInTime), ...memory.costliest(examinedInMemory)];
}

interface Examined {
  readonly candidate: Candidate;
  readonly cost: ThoroughCost;
}

/** How many times a cost is what it may be. */
function excessOf({ mainMicroseconds, lateMicroseconds, keptOpen, keptClosed }: ThoroughCost): number {
  return Math.max(
    (mainMicroseconds + lateMicroseconds) / mostMicrosecondsPerByte,
    Math.max(keptOpen, keptClosed) / mostBytesKeptPerByte,
  );
}

function describe({ candidate, cost }: Examined): string {
  const figure = (value: number) => value.toFixed(value < 10 ? 2 : 0);
  return [
    candidate.protocol,
    `${figure(cost.mainMicroseconds)} µs/byte at once, ${figure(cost.lateMicroseconds)} µs/byte later`,
    `kept ${figure(cost.keptOpen)} bytes/byte while open, ${figure(cost.keptClosed)} when closed`,
    describeCandidate(candidate),
  ].join("; ");
}
