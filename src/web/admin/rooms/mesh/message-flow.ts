/** The number of messages from one member to another one; `to` is null for messages to all others. */
export interface PassedMessages {
  readonly from: string;
  readonly to: string | null;
  readonly count: number;
}

/** All messages from one member to another one since the page was opened. */
export interface FlowLink extends PassedMessages {
  /** Epoch milliseconds. */
  readonly lastAt: number;
}

/** The freshness of the last message of a link: 3 is now, 1 is the oldest that is drawn, and 0 is not drawn. */
export type Freshness = 0 | 1 | 2 | 3;

/** The ages, in milliseconds, up to which a link has the freshness. */
const steps = [
  [3, 3_000],
  [2, 12_000],
  [1, 30_000],
] as const;

/** After so long without a message a link is not drawn. */
export const fadedMs = 30_000;

/** The most links that are kept. The members of a large room may all signal each other. */
const mostLinks = 2_000;

/** The messages that have passed between the members of a room, as directed links that fade. */
export class MessageFlow {
  readonly #links = new Map<string, FlowLink>();
  #total = 0;

  /** The number of all messages. */
  get total(): number {
    return this.#total;
  }

  /** The links in the order of their first message. */
  get links(): readonly FlowLink[] {
    return [...this.#links.values()];
  }

  record(passed: readonly PassedMessages[], now: number): void {
    for (const { count, from, to } of passed) {
      const key = `${from} ${to ?? ""}`;
      this.#links.set(key, { from, to, count: (this.#links.get(key)?.count ?? 0) + count, lastAt: now });
      this.#total += count;
    }
    this.#dropOldest();
  }

  /** Counts messages of which it is not known between whom they passed. */
  recordOthers(count: number): void {
    this.#total += count;
  }

  /** Forgets the links of members that have left. */
  retain(ids: ReadonlySet<string>): void {
    for (const [key, { from, to }] of this.#links) {
      if (!ids.has(from) || (to !== null && !ids.has(to))) this.#links.delete(key);
    }
  }

  /** The time at which a link changes its freshness next; undefined if none will. */
  nextChangeAt(now: number): number | undefined {
    let next: number | undefined;
    for (const { lastAt } of this.#links.values()) {
      const step = steps.find(([, ageMs]) => now - lastAt < ageMs);
      if (step !== undefined) next = Math.min(next ?? Number.POSITIVE_INFINITY, lastAt + step[1]);
    }
    return next;
  }

  #dropOldest(): void {
    if (this.#links.size <= mostLinks) return;
    const byAge = [...this.#links].sort(([, one], [, other]) => one.lastAt - other.lastAt);
    for (const [key] of byAge.slice(0, this.#links.size - mostLinks)) this.#links.delete(key);
  }
}

export function freshnessOf({ lastAt }: Pick<FlowLink, "lastAt">, now: number): Freshness {
  return steps.find(([, ageMs]) => now - lastAt < ageMs)?.[0] ?? 0;
}
