import { Random } from "../../../test/support/bytes/random.ts";
import { compareStunReaders } from "../../../test/support/turn/compare-stun-readers.ts";
import { Faults, type Outcome } from "../outcome.ts";

const rounds = 20;
const growthMebibytes = 32;

/** Reads mutated STUN packets with all readers, and watches the memory. The server does not run. */
export async function tortureByPackets({ frames, seed }: { frames: number; seed: number }): Promise<Outcome> {
  const faults = new Faults();
  const memory: number[] = [];
  const found = { decoded: 0, signed: 0, relayed: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const comparison = compareStunReaders(new Random(seed + round), Math.ceil(frames / rounds));
    for (const fault of comparison.faults) faults.add(fault);
    found.decoded += comparison.decoded;
    found.signed += comparison.signed;
    found.relayed += comparison.relayed;
    Bun.gc(true);
    memory.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
  }
  // The first quarter is for warming up.
  const [early = 0, late = 0] = [memory[rounds / 4], memory.at(-1)];
  faults.unless(late <= early + growthMebibytes, `memory grew from ${early} to ${late} MiB`);
  return {
    figures: {
      packets: frames,
      "well-formed": found.decoded,
      "signed right": found.signed,
      "with data for a peer": found.relayed,
      "MiB resident, after a quarter": early,
      "MiB resident, at the end": late,
    },
    faults: faults.all,
  };
}
