import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";

/** An object that holds bytes which can be read again from the store. */
export interface MemoryHolder {
  /** Drops the bytes. Returns false when they are in use. */
  unload(): boolean;
}

export interface DocumentMemoryOptions {
  readonly limitBytes: number;
  /** Called when this many bytes have become garbage. */
  readonly dropped: (bytes: number) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface MemoryUse {
  readonly bytes: number;
  readonly usedAt: number;
}

/** Bytes that were not used for this long are dropped, even if they are within the limit. */
const idleMs = 10_000;
const sweepMs = 2_000;

/** The documents in memory, bounded by bytes. The least recently used ones are unloaded first. */
export class DocumentMemory {
  readonly #options: DocumentMemoryOptions;
  /** By holder, in the order of the last use. */
  readonly #uses = new Map<MemoryHolder, MemoryUse>();
  #bytes = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(options: DocumentMemoryOptions) {
    this.#options = options;
    options.metrics.documentBytes.readFrom(() => this.#bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Records that `holder` uses its bytes now, and how many they are. Other holders may be unloaded to make room. */
  used(holder: MemoryHolder, bytes: number): void {
    const { limitBytes, clock } = this.#options;
    this.#remove(holder);
    this.#uses.set(holder, { bytes, usedAt: clock.now() });
    this.#bytes += bytes;
    if (this.#bytes > limitBytes) this.#unload("budget", () => this.#bytes > limitBytes, holder);
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
    const quietSince = this.#options.clock.now() - idleMs;
    this.#unload("quiet", ({ usedAt }) => usedAt <= quietSince);
    if (this.#uses.size > 0) this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  /** Unloads holders, the least recently used first, as long as `isDue` returns true. `spared` is not unloaded. */
  #unload(reason: "budget" | "quiet", isDue: (held: MemoryUse) => boolean, spared?: MemoryHolder): void {
    const before = this.#bytes;
    for (const [holder, held] of this.#uses) {
      if (!isDue(held)) break;
      if (holder === spared || !holder.unload()) continue;
      this.#remove(holder);
      this.#options.metrics.documentUnloads.inc({ reason });
    }
    if (this.#bytes < before) this.#options.dropped(before - this.#bytes);
  }

  #remove(holder: MemoryHolder): void {
    this.#bytes -= this.#uses.get(holder)?.bytes ?? 0;
    this.#uses.delete(holder);
  }
}
