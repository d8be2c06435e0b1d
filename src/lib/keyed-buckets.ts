import { hash, randomBytes } from "node:crypto";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";

/** Buckets that are looked through at least before any is forgotten. */
const fewBuckets = 1_000;
/** Buckets that belong to one key each: some 10 MB. */
const mostBuckets = 65_536;
/** Buckets that all further keys share. */
const sharedBuckets = 4_096;

/**
 * A token bucket for each key, in bounded memory. One that is full again is forgotten in time, for a new one is the same.
 *
 * While as many keys as there is room for have buckets that are not full, further ones share others. Which of these, a
 * secret decides, so that nobody can choose keys that empty the bucket of another.
 */
export class KeyedBuckets {
  readonly #options: TokenBucketOptions;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #shared = new Map<number, TokenBucket>();
  readonly #seed = randomBytes(32).toString("hex");
  /** At so many buckets the full ones are forgotten: twice as many as were left the last time, so the work is spread. */
  #crowd = fewBuckets;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size + this.#shared.size;
  }

  /** Of a key that is not used any more it is worth nothing: get it anew whenever it is needed. */
  of(key: string): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#crowd) this.#forgetFull();
    return this.#buckets.size < mostBuckets ? this.#open(this.#buckets, key) : this.#sharedBy(key);
  }

  #forgetFull(): void {
    const { burst, perSecond, clock } = this.#options;
    const now = clock.now();
    // Where there is no room, each new key comes here. What was not full the last time is, by now, if nobody has used it.
    const passedMs = Math.abs(now - this.#lookedAt);
    if (this.#buckets.size >= mostBuckets && passedMs < (1_000 * burst) / perSecond) return;
    this.#lookedAt = now;
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key);
    this.#crowd = Math.min(mostBuckets, Math.max(fewBuckets, 2 * this.#buckets.size));
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
