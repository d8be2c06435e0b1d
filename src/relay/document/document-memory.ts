import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";

/** An object that holds bytes which can be read again from the store. */
export interface MemoryHolder {
  /** Drops the bytes. Returns false when they are in use. */
  unload(): boolean;
}

export interface DocumentMemoryOptions {
  readonly limitBytes: number;
  /** Called when this many bytes have become garbage; it may be called often. */
  readonly dropped: (bytes: number) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface MemoryUse {
  readonly bytes: number;
  readonly usedAt: number;
}

/**
 * Bytes that were not used for this long are dropped, even if they are within the limit. What needs them next has to read
 * them: the next update with a deletion, and a member that joins. Updates that only insert do not need them.
 *
 * Most documents are small, and reading 64 kB takes 0.2 ms. Reading a large one can take longer than a keystroke, so it is
 * kept for the pauses of a person who types.
 */
const smallBytes = 64 * 1024;
const smallIdleMs = 1_000;
const idleMs = 10_000;
const sweepMs = 500;

/** The documents in memory, bounded by bytes. The least recently used ones are unloaded first. */
export class DocumentMemory {
  readonly #options: DocumentMemoryOptions;
  /** By holder, in the order of the last use. */
  readonly #uses = new Map<MemoryHolder, MemoryUse>();
  #bytes = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(options: DocumentMemoryOptions) {
    this.#options = options;
    options.metrics.budgets.readFrom("documents", { used: () => this.#bytes, limit: () => options.limitBytes });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Records that `holder` uses its bytes now, and how many they are. Other holders may be unloaded to make room. */
  used(holder: MemoryHolder, bytes: number): void {
    const { limitBytes, clock } = this.#options;
    this.#remove(holder);
    this.#uses.set(holder, { bytes, usedAt: clock.elapsedMs() });
    this.#bytes += bytes;
    if (this.#bytes > limitBytes) this.#unload("budget", this.#beyondLimit(holder));
    this.#cancelSweep ??= clock.after(sweepMs, () => this.#sweep());
  }

  /** Forgets a holder that has no bytes any more. */
  forget(holder: MemoryHolder): void {
    const bytes = this.#uses.get(holder)?.bytes ?? 0;
    this.#remove(holder);
    if (bytes > 0) this.#options.dropped(bytes);
    if (this.#uses.size > 0) return;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    this.#unload("quiet", this.#idle());
    if (this.#uses.size > 0) this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  #unload(reason: "budget" | "quiet", holders: Iterable<MemoryHolder>): void {
    const before = this.#bytes;
    for (const holder of holders) {
      if (!holder.unload()) continue;
      this.#remove(holder);
      this.#options.metrics.documentUnloads.inc({ reason });
    }
    if (this.#bytes < before) this.#options.dropped(before - this.#bytes);
  }

  /** The least recently used holders, as long as the limit is exceeded. `spared` is left out. */
  *#beyondLimit(spared: MemoryHolder): Iterable<MemoryHolder> {
    for (const holder of this.#uses.keys()) {
      if (this.#bytes <= this.#options.limitBytes) return;
      if (holder !== spared) yield holder;
    }
  }

  *#idle(): Iterable<MemoryHolder> {
    const now = this.#options.clock.elapsedMs();
    for (const [holder, { bytes, usedAt }] of this.#uses) {
      const unusedMs = now - usedAt;
      if (unusedMs < smallIdleMs) return;
      if (bytes <= smallBytes || unusedMs >= idleMs) yield holder;
    }
  }

  #remove(holder: MemoryHolder): void {
    this.#bytes -= this.#uses.get(holder)?.bytes ?? 0;
    this.#uses.delete(holder);
  }
}
