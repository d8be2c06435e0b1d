import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../../../../test/support/bytes/random.ts";
import { executable as ownExecutable } from "../../../../test/support/processes/executable.ts";
import { Stage } from "../../attack/stage.ts";
import { Faults, type Outcome, type Progress } from "../../outcome.ts";
import { type Candidate, describeCandidate, serialized } from "./candidate.ts";
import { CostSearch } from "./cost-search.ts";
import { memoryCost, type ThoroughCost, thoroughCost, timeCost } from "./thorough-cost.ts";

export interface CostOptions {
  readonly seconds?: number | undefined;
  readonly seed: number;
  readonly dataFolder: string;
  readonly executable?: string | undefined;
  readonly progress?: Progress;
}

/** The bounds of proportion: CPU time and memory of the server per byte that it received. */
export const mostMicrosecondsPerByte = 50;
export const mostBytesKeptPerByte = 100;

const defaultSeconds = 600;
const reported = 10;
/** The costliest of each protocol in time, and one in memory, are measured thoroughly. */
const examinedOfProtocol = 2;
/** A measurement of memory takes as long as so many of time. */
const timeStepsOfMemoryStep = 100;
const reportEveryMs = 120_000;

/** Looks for frames that cost the server most per byte, and reports the worst ten. */
export async function tortureByCost(options: CostOptions): Promise<Outcome> {
  const { seed, dataFolder, executable = ownExecutable, progress = () => {}, seconds = defaultSeconds } = options;
  const faults = new Faults();
  const template = await (await Stage.set(dataFolder, executable, "history")).copy();
  const folder = join(dataFolder, "servers");
  await mkdir(folder);
  const server = { folder, template, executable };
  const random = new Random(seed);
  const [time, memory] = [timeCost, memoryCost].map((kind) => new CostSearch({ random, server, kind }));
  if (time === undefined || memory === undefined) throw new Error("no search");
  const searches = [time, memory];
  const overAt = performance.now() + seconds * 1_000;
  let reportAt = performance.now() + reportEveryMs;
  while (performance.now() < overAt) {
    for (let step = 0; step < timeStepsOfMemoryStep; step += 1) await time.step();
    await memory.step();
    if (performance.now() < reportAt) continue;
    reportAt = performance.now() + reportEveryMs;
    for (const search of searches) progress(`${search.plays} measured: ${search.summary}`);
  }
  for (const search of searches) {
    await search.close();
    for (const fault of search.faults) faults.add(fault);
  }
  const examined: Examined[] = [];
  for (const candidate of [...time.costliest(examinedOfProtocol), ...memory.costliest(1)]) {
    const cost = await thoroughCost(candidate, server);
    examined.push({ candidate, cost });
    progress(describe({ candidate, cost }));
  }
  const worst = examined.toSorted((one, other) => excessOf(other.cost) - excessOf(one.cost)).slice(0, reported);
  const figures: Record<string, string> = { seed: `${seed}`, "candidates measured": `${time.plays + memory.plays}` };
  for (const [index, entry] of worst.entries()) {
    const file = join(dataFolder, `costly-${index + 1}.json`);
    await writeFile(file, serialized(entry.candidate));
    figures[`${index + 1}.`] = `${describe(entry)}\n      ${file}`;
    faults.unless(excessOf(entry.cost) <= 1, `out of proportion: ${describe(entry)}`);
  }
  return { figures, faults: faults.all };
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
