import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createDurations, type Durations } from "../durations.ts";
import { Counts, type LabelSets } from "./counts.ts";

/** A gauge whose value is read when the metrics are collected, and costs nothing otherwise. */
export interface LiveGauge {
  /** Must be called once, by the owner of the value. */
  readFrom(source: () => number): void;
  /** The present value; 0 without an owner. */
  read(): number;
}

/** A counter whose value is read when the metrics are collected. For the hot path, where it is a plain number. */
export interface LiveCounter {
  /** Must be called once, by the owner of the value, which never decreases. */
  readFrom(source: () => number): void;
  /** As `LiveGauge.read`. */
  read(): number;
}

/** A live gauge or counter for each value of its label. */
export interface LabelledGauge<Value extends string> {
  /** Must be called once for each value, by its owner. */
  readFrom(value: Value, source: () => number): void;
}

const milliseconds = (...bounds: readonly number[]) => bounds.map((bound) => bound / 1_000);
const fromMicrosecondsToSeconds = milliseconds(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500, 1_000, 5_000);

/**
 * Creates metrics in a registry of their own. Names are given without `yurt_`, helps in one line without a full stop.
 *
 * Labels come from small fixed sets: never a room, a user or an address. Durations are in seconds, sizes in bytes.
 */
export class Instruments {
  readonly registry = new Registry();
  readonly #registers = [this.registry];

  counter(name: string, help: string): Counter {
    return new Counter({ name: named(name), help, registers: this.#registers });
  }

  /** Each combination of the values of its labels is shown from the start, as 0. */
  counts<const Sets extends LabelSets>(name: string, help: string, sets: Sets): Counts<keyof Sets & string> {
    return new Counts({ name: named(name), help, sets, registry: this.registry });
  }

  liveCounter(name: string, help: string): LiveCounter {
    const source = new Source();
    new Counter({
      name: named(name),
      help,
      registers: this.#registers,
      collect() {
        this.reset();
        this.inc(source.read());
      },
    });
    return source;
  }

  gauge(name: string, help: string): LiveGauge {
    const source = new Source();
    new Gauge({
      name: named(name),
      help,
      registers: this.#registers,
      collect() {
        this.set(source.read());
      },
    });
    return source;
  }

  labelledGauge<Value extends string>(name: string, help: string, label: string): LabelledGauge<Value> {
    const sources = new Map<Value, () => number>();
    new Gauge({
      name: named(name),
      help,
      labelNames: [label],
      registers: this.#registers,
      collect() {
        for (const [value, source] of sources) this.set({ [label]: value }, source());
      },
    });
    return { readFrom: (value, source) => void sources.set(value, source) };
  }

  labelledCounter<Value extends string>(name: string, help: string, label: string): LabelledGauge<Value> {
    const sources = new Map<Value, () => number>();
    new Counter({
      name: named(name),
      help,
      labelNames: [label],
      registers: this.#registers,
      collect() {
        this.reset();
        for (const [value, source] of sources) this.inc({ [label]: value }, source());
      },
    });
    return { readFrom: (value, source) => void sources.set(value, source) };
  }

  histogram(name: string, help: string): Histogram {
    return new Histogram({ name: named(name), help, buckets: fromMicrosecondsToSeconds, registers: this.#registers });
  }

  /** A histogram for the hot path. */
  durations(name: string, help: string): Durations {
    return createDurations({ name: named(name), help, buckets: fromMicrosecondsToSeconds, registry: this.registry });
  }
}

class Source implements LiveGauge {
  read: () => number = () => 0;

  readFrom(source: () => number): void {
    this.read = source;
  }
}

function named(name: string): string {
  return `yurt_${name}`;
}
