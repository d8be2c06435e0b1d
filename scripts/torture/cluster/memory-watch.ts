import type { TorturedNode } from "./tortured-cluster.ts";

/** The resident memory of a process in bytes, one sample after the other. */
interface Process {
  readonly name: string;
  readonly samples: number[];
}

const periodMs = 1_000;
/** A process with fewer samples is not reported. */
const fewestSamples = 30;
/** A process with fewer samples is not judged: its memory grows until each of its parts has worked for some time. */
const fewestJudged = 240;
/** The memory may be so much larger in the last third of the time than in the first one. */
const tolerance = { ratio: 1.1, bytes: 8 * 2 ** 20 };

/** Samples the memory of the nodes' processes, to show that it does not grow while the documents stay small. */
export class MemoryWatch {
  readonly #nodes: readonly TorturedNode[];
  readonly #processes = new Map<number, Process>();
  readonly #timer: Timer;

  constructor(nodes: readonly TorturedNode[]) {
    this.#nodes = nodes;
    this.#timer = setInterval(() => this.sample(), periodMs);
  }

  /** Called every second. */
  sample(): void {
    for (const node of this.#nodes.filter(({ isServing }) => isServing)) {
      const { memory, name, pid } = node;
      const known = this.#processes.get(pid);
      if (known === undefined) this.#processes.set(pid, { name, samples: [memory] });
      else known.samples.push(memory);
    }
  }

  /** The memory of each process that has lived for half a minute: the medians of three thirds of its time, and the most. */
  get figures(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#lasting.map(([pid, { name, samples }]) => [
        `MiB of ${name}, process ${pid}, ${samples.length} samples`,
        `${thirds(samples).map(mebibytes).join(", ")} (most: ${mebibytes(Math.max(...samples))})`,
      ]),
    );
  }

  /** A sentence for each process whose memory has grown. */
  get faults(): readonly string[] {
    return this.#lasting.flatMap(([pid, { name, samples }]) => {
      const [first = 0, , last = 0] = thirds(samples);
      if (samples.length < fewestJudged) return [];
      if (last <= first * tolerance.ratio + tolerance.bytes) return [];
      return `the memory of ${name}, process ${pid}, has grown from ${mebibytes(first)} to ${mebibytes(last)} MiB`;
    });
  }

  end(): void {
    clearInterval(this.#timer);
  }

  get #lasting(): readonly (readonly [number, Process])[] {
    return [...this.#processes].filter(([, { samples }]) => samples.length >= fewestSamples);
  }
}

/** The medians of three thirds. */
function thirds(samples: readonly number[]): readonly number[] {
  return [0, 1, 2].map((third) => {
    const part = samples.slice((third * samples.length) / 3, ((third + 1) * samples.length) / 3);
    return part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  });
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
