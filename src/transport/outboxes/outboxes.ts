import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { TransportLimits } from "../limits.ts";

/** A connection with unsent bytes. */
export interface Outbox {
  readonly remoteAddress: string;
  /** Closes the connection and frees its unsent bytes at once. `detail` is for the log. */
  drop(detail: string): void;
}

export interface OutboxesOptions {
  readonly limits: Pick<TransportLimits, "outboxesBytes">;
  readonly addresses: CountedAddresses;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "budgets">;
}

/** The unsent bytes of the clients of one address. A client whose address has no limits is alone. */
interface Group {
  bytes: number;
  readonly outboxes: Map<Outbox, number>;
}

/**
 * Bounds the unsent bytes of all connections together, snapshots excluded. Beyond the bound the address with most of them
 * loses its connections, those with most unsent bytes first.
 */
export class Outboxes {
  readonly #options: OutboxesOptions;
  readonly #groups = new Map<string | Outbox, Group>();
  #bytes = 0;
  #isCheckDue = false;

  constructor(options: OutboxesOptions) {
    this.#options = options;
    const { limits, metrics } = options;
    metrics.budgets.readFrom("outboxes", { used: () => this.#bytes, limit: () => limits.outboxesBytes });
  }

  /** Reports the unsent bytes of a connection. With 0 it is forgotten. */
  count(outbox: Outbox, bytes: number): void {
    const key = this.#options.addresses.keyOf(outbox.remoteAddress) ?? outbox;
    const group = this.#groups.get(key) ?? { bytes: 0, outboxes: new Map<Outbox, number>() };
    const added = bytes - (group.outboxes.get(outbox) ?? 0);
    group.bytes += added;
    this.#bytes += added;
    if (bytes > 0) group.outboxes.set(outbox, bytes);
    else group.outboxes.delete(outbox);
    if (group.outboxes.size > 0) this.#groups.set(key, group);
    else this.#groups.delete(key);
    if (this.#bytes > this.#options.limits.outboxesBytes) this.#checkAfterTurn();
  }

  /** Not at once: the frame that exceeds the bound may be on its way to many connections. */
  #checkAfterTurn(): void {
    if (this.#isCheckDue) return;
    this.#isCheckDue = true;
    this.#options.clock.afterTurn(() => {
      this.#isCheckDue = false;
      this.#check();
    });
  }

  #check(): void {
    const { outboxesBytes } = this.#options.limits;
    while (this.#bytes > outboxesBytes) {
      const group = greatest(this.#groups.values(), ({ bytes }) => bytes);
      const [outbox, bytes] = greatest(group?.outboxes.entries() ?? [], ([, unsent]) => unsent) ?? [];
      if (outbox === undefined) return;
      this.count(outbox, 0);
      outbox.drop(`limits.outboxes-bytes: ${bytes} unsent bytes`);
    }
  }
}

function greatest<Item>(items: Iterable<Item>, sizeOf: (item: Item) => number): Item | undefined {
  let found: Item | undefined;
  for (const item of items) if (found === undefined || sizeOf(item) > sizeOf(found)) found = item;
  return found;
}
