import { hash, randomBytes } from "node:crypto";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";

/** Below this number of buckets, full ones are not removed. */
const fewBuckets = 1_000;
/** The most buckets that belong to a single key. Together they take about 10 MB. */
const maxBuckets = 65_536;
/** The number of buckets that all further keys share. */
const sharedBuckets = 4_096;

/**
 * A token bucket for each key, in bounded memory. A bucket that is full again is removed in time, since a new one is
 * equal to it.
 *
 * While `maxBuckets` keys have buckets that are not full, further keys share `sharedBuckets` others. A keyed hash
 * selects the shared bucket, so that an attacker cannot choose keys that drain another key's bucket.
 */
export class KeyedBuckets {
  readonly #options: TokenBucketOptions;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #shared = new Map<number, TokenBucket>();
  readonly #seed = randomBytes(32).toString("hex");
  /** At this many buckets the full ones are removed: twice as many as the last removal left, to amortize its cost. */
  #removalSize = fewBuckets;
  #removedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size + this.#shared.size;
  }

  /** Looks up the bucket of a key. Callers must not keep the bucket, as it may be removed: look it up for every use. */
  of(key: string): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#removalSize) this.#removeFull();
    return this.#buckets.size < maxBuckets ? this.#open(this.#buckets, key) : this.#sharedBy(key);
  }

  #removeFull(): void {
    const { burst, perSecond, clock } = this.#options;
    const now = clock.elapsedMs();
    // At `maxBuckets`, every new key gets here. A further removal is worthwhile only once an unused bucket has had the
    // time to fill up.
    const passedMs = now - this.#removedAt;
    if (this.#buckets.size >= maxBuckets && passedMs < (1_000 * burst) / perSecond) return;
    this.#removedAt = now;
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key);
    this.#removalSize = Math.min(maxBuckets, Math.max(fewBuckets, 2 * this.#buckets.size));
  }

  #sharedBy(key: string): TokenBucket {
    const index = hash("sha256", this.#seed + key, "buffer").readUInt32LE() % sharedBuckets;
    return this.#shared.get(index) ?? this.#open(this.#shared, index);
  }

  #open<Key>(buckets: Map<Key, TokenBucket>, key: Key): TokenBucket {
    const bucket = new TokenBucket(this.#options);
    buckets.set(key, bucket);
    return bucket;
  }
}
