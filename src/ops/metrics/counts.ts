import type { Metric, Registry } from "prom-client";

/** The values that each label may have. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;

/** The value under which a value outside the fixed set is counted. */
export const otherValue = "other";

export interface CountsOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly sets: Readonly<Record<Label, readonly string[]>>;
  readonly registry: Registry;
}

export interface Count<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

interface Entry<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  value: number;
}

/**
 * A counter whose labels have fixed sets of values.
 *
 * A series that appears with its first event hides that event from `increase()`: so all combinations are exposed from the
 * start. A value that is not in its set is counted as `other`: whatever the code passes, no series is named by a client.
 */
export class Counts<Label extends string> {
  readonly #labels: readonly Label[];
  readonly #sets: ReadonlyMap<Label, ReadonlySet<string>>;
  readonly #entries = new Map<string, Entry<Label>>();

  constructor({ name, help, sets, registry }: CountsOptions<Label>) {
    // Object.keys forgets the literal types.
    this.#labels = Object.keys(sets) as Label[];
    this.#sets = new Map(this.#labels.map((label) => [label, new Set(sets[label])]));
    for (const values of combinations(this.#labels.map((label) => sets[label]))) this.#entryOf(values);
    const metric = { name, get: async () => ({ name, help, type: "counter", values: [...this.#entries.values()] }) };
    // A registry reads these two members only; its type asks for one of prom-client's classes.
    registry.registerMetric(metric as unknown as Metric);
  }

  inc(labels: Readonly<Record<Label, string>>, count = 1): void {
    const values = this.#labels.map((label) => {
      const value = labels[label];
      return this.#sets.get(label)?.has(value) === true ? value : otherValue;
    });
    this.#entryOf(values).value += count;
  }

  /** The combinations that were counted. */
  async get(): Promise<{ readonly values: readonly Count<Label>[] }> {
    return { values: this.counted() };
  }

  /** As `get`, at once. */
  counted(): readonly Count<Label>[] {
    return [...this.#entries.values()].filter(({ value }) => value > 0);
  }

  #entryOf(values: readonly string[]): Entry<Label> {
    const key = values.join(" ");
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    // Object.fromEntries forgets the labels.
    const labels = Object.fromEntries(this.#labels.map((label, index) => [label, values[index] ?? otherValue]));
    const entry = { labels: labels as Record<Label, string>, value: 0 };
    this.#entries.set(key, entry);
    return entry;
  }
}

/** All lists that have one value of each set, in the order of the sets. */
function combinations(sets: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return sets.reduce<readonly (readonly string[])[]>(
    (lists, set) => lists.flatMap((list) => set.map((value) => [...list, value])),
    [[]],
  );
}
