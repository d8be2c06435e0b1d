import type { Clock } from "../../lib/time/clock.ts";
import type { BatchPlace } from "./documents/insert-batch.ts";
import { type PackedBatch, withoutCaller } from "./documents/packed-batch.ts";

interface KeptBatch {
  readonly place: BatchPlace;
  readonly batch: PackedBatch;
  /** The time at which it was stored, by `Clock.elapsedMs`. */
  readonly storedAt: number;
}

const keptMs = 60_000;
const keptBytes = 64 * 1024 * 1024;
/** The memory of an update besides its bytes, about. */
const entryBytes = 64;

/**
 * The last batches that this node has stored. A standby that takes over may lack them, although Postgres has answered: by
 * default it does not wait for standbys.
 */
export class KeptBatches {
  readonly #clock: Pick<Clock, "elapsedMs">;
  #kept: KeptBatch[] = [];
  /** The batches before this one are not kept any more. */
  #first = 0;
  #bytes = 0;
  /** By writer: the number of its last batch that is kept. */
  readonly #heads = new Map<number, number>();

  constructor(clock: Pick<Clock, "elapsedMs">) {
    this.#clock = clock;
  }

  add(place: BatchPlace, batch: PackedBatch): void {
    const kept = withoutCaller(batch);
    this.#kept.push({ place, batch: kept, storedAt: this.#clock.elapsedMs() });
    this.#bytes += sizeOf(kept);
    this.#heads.set(place.writer, place.number);
    this.#forget();
  }

  /** By writer: the number of the last batch that is kept, up to which the database must have all. A copy. */
  get heads(): ReadonlyMap<number, number> {
    this.#forget();
    return new Map(this.#heads);
  }

  /** Removes the batches that a database with these heads lacks, and returns them in their order. */
  takeLost(heads: ReadonlyMap<number, number>): readonly PackedBatch[] {
    this.#forget();
    const isLost = ({ place }: KeptBatch) => place.number > (heads.get(place.writer) ?? 0);
    const all = this.#kept.slice(this.#first);
    this.#kept = all.filter((kept) => !isLost(kept));
    this.#first = 0;
    this.#bytes = this.#kept.reduce((sum, { batch }) => sum + sizeOf(batch), 0);
    this.#heads.clear();
    for (const { place } of this.#kept) this.#heads.set(place.writer, place.number);
    return all.filter(isLost).map(({ batch }) => batch);
  }

  #forget(): void {
    const oldest = this.#clock.elapsedMs() - keptMs;
    let first = this.#kept[this.#first];
    while (first !== undefined && (first.storedAt < oldest || this.#bytes > keptBytes)) {
      const { batch, place } = first;
      this.#bytes -= sizeOf(batch);
      if (this.#heads.get(place.writer) === place.number) this.#heads.delete(place.writer);
      this.#first += 1;
      first = this.#kept[this.#first];
    }
    // Moving the others each time would take as long as there are many.
    if (this.#first < 1_000 && this.#first < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }
}

function sizeOf({ bytes, documents }: PackedBatch): number {
  return bytes.byteLength + documents.length * entryBytes;
}
