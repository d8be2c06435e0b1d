import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";

/** Buckets that are looked through at least before any is forgotten. */
const fewBuckets = 1_000;

/** A token bucket for each key. One that is full again is forgotten in time, for a new one is the same. */
export class KeyedBuckets {
  readonly #options: TokenBucketOptions;
  readonly #buckets = new Map<string, TokenBucket>();
  /** At so many buckets the full ones are forgotten: twice as many as were left the last time, so the work is spread. */
  #crowd = fewBuckets;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Of a key that is not used any more it is worth nothing: get it anew whenever it is needed. */
  of(key: string): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#crowd) this.#forgetFull();
    const bucket = new TokenBucket(this.#options);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #forgetFull(): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key);
    this.#crowd = Math.max(fewBuckets, 2 * this.#buckets.size);
  }
}
