import { wireProtocols } from "../../ops/metrics/label-values.ts";
import {
  type FigureColumn,
  type FigureSample,
  type FigureSources,
  type FigureTotals,
  readTotals,
  sampleSince,
} from "./figure-sample.ts";

export const sampleIntervalMs = 10_000;
const mostSamples = 360;

/** Columns of equal length, one value for each sample, the oldest first. A value is null if nothing was measured. */
export interface Figures extends Readonly<Record<FigureColumn, readonly (number | null)[]>> {
  /** The ends of the intervals, as RFC 3339. */
  readonly times: readonly string[];
  /** Open WebSockets by wire protocol. */
  readonly connections: Readonly<Record<string, readonly number[]>>;
}

/** An hour of figures, one sample every 10 seconds: 360 samples, less than 200 kB. */
export class FigureHistory {
  readonly #sources: FigureSources;
  readonly #samples: FigureSample[] = [];
  /** The totals at the last sample, and at the one before. */
  #last: FigureTotals;
  #secondLast: FigureTotals;
  #cancel: (() => void) | undefined;

  constructor(sources: FigureSources) {
    this.#sources = sources;
    this.#last = readTotals(sources);
    this.#secondLast = this.#last;
    this.#schedule();
  }

  /** The delays of the event loop in the last sample, in milliseconds; null for none. */
  get eventLoopLagMs(): { readonly p50: number; readonly p99: number } | null {
    const { eventLoopLagP50Ms: p50 = null, eventLoopLagP99Ms: p99 = null } = this.#samples.at(-1)?.values ?? {};
    return p50 === null || p99 === null ? null : { p50, p99 };
  }

  /** The figures of the last 10 to 20 seconds, until now; in the first 10 seconds, of the time since the start. */
  present(now: FigureTotals): FigureSample {
    return sampleSince(this.#secondLast, now, this.#sources);
  }

  figures(): Figures {
    const samples = this.#samples;
    const column = (name: FigureColumn) => samples.map(({ values }) => values[name]);
    return {
      times: samples.map(({ at }) => new Date(at).toISOString()),
      connections: Object.fromEntries(
        wireProtocols.map((protocol, index) => [protocol, samples.map(({ connections }) => connections[index] ?? 0)]),
      ),
      updatesPerSecond: column("updatesPerSecond"),
      acknowledgementP50Ms: column("acknowledgementP50Ms"),
      acknowledgementP99Ms: column("acknowledgementP99Ms"),
      eventLoopLagP50Ms: column("eventLoopLagP50Ms"),
      eventLoopLagP99Ms: column("eventLoopLagP99Ms"),
      boundHits: column("boundHits"),
      cpuPercent: column("cpuPercent"),
      residentBytes: column("residentBytes"),
    };
  }

  close(): void {
    this.#cancel?.();
  }

  #schedule(): void {
    this.#cancel = this.#sources.clock.after(sampleIntervalMs, () => {
      this.#sample();
      this.#schedule();
    });
  }

  #sample(): void {
    const now = readTotals(this.#sources);
    this.#samples.push(sampleSince(this.#last, now, this.#sources));
    this.#secondLast = this.#last;
    this.#last = now;
    if (this.#samples.length > mostSamples) this.#samples.shift();
  }
}
