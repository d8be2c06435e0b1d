import { Random } from "../../test/support/bytes/random.ts";
import { TurnFuzz } from "../../test/support/turn/turn-fuzz.ts";
import { Faults, type Outcome, type Progress } from "./outcome.ts";

export interface TurnPacketsOptions {
  /** The number of packets. */
  readonly frames: number;
  readonly seed: number;
  readonly progress?: Progress;
}

const samples = 20;
/** Resident memory may grow by this after the first quarter. */
const growthBytes = 48 * 2 ** 20;

/** Sends mutated packets to a TURN server in this process, without sockets. */
export async function tortureByTurnPackets({ frames, seed, progress }: TurnPacketsOptions): Promise<Outcome> {
  const faults = new Faults();
  const fuzz = new TurnFuzz(new Random(seed));
  const memory: number[] = [];
  for (let sample = 1; sample <= samples; sample += 1) {
    await fuzz.send(frames / samples);
    Bun.gc(true);
    memory.push(process.memoryUsage.rss());
    if (sample % 5 === 0) progress?.(`${(frames / samples) * sample} packets, ${mebibytes(memory.at(-1))} MiB`);
  }
  const { answers, relayed, openedAllocations, faults: found } = await fuzz.finish();
  for (const fault of found) faults.add(fault);
  const [early = 0, late = 0] = [memory[samples / 4], memory.at(-1)];
  faults.unless(late <= early + growthBytes, `memory grew from ${mebibytes(early)} to ${mebibytes(late)} MiB`);
  return {
    figures: {
      seed,
      packets: frames,
      answers,
      relayed,
      "allocations made": openedAllocations,
      "MiB resident, after a quarter": mebibytes(early),
      "MiB resident, at the end": mebibytes(late),
    },
    faults: faults.all,
  };
}

function mebibytes(bytes = Number.NaN): number {
  return Math.round(bytes / 2 ** 20);
}
