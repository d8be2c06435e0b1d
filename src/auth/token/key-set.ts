import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet } from "jose";
import { untilAborted } from "../../lib/abortable-wait.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import { clockToleranceMs } from "../clock-tolerance.ts";
import { type KeySource, KeySourceError } from "./key-source.ts";
import { KeysUnavailable, type SignatureHeader, type TokenKeys } from "./token-keys.ts";

export interface KeySetOptions {
  readonly source: KeySource;
  readonly clock: Clock;
  readonly log: Log;
}

type Keys = ReturnType<typeof createLocalJWKSet>;

const refreshMs = 600_000;
/** The interval between two reads for unknown keys, and between two retries of a failed refresh. */
const retryMs = 30_000;
/** The interval between reads until one succeeds. It is short, as Yurt and the issuer's server may start together. */
const firstRetryMs = 5_000;
const deadlineMs = 5_000;

/**
 * A JSON Web Key Set: the public keys of token issuers. It is read again every ten minutes, and for an unknown key.
 *
 * If a read fails, the keys of the last successful read stay in use. Reads run one at a time, and callers share them.
 */
export class KeySet implements TokenKeys {
  readonly algorithms: ReadonlySet<string> = new Set(["RS256", "ES256", "EdDSA"]);
  readonly #options: KeySetOptions;
  readonly #closed = new AbortController();
  #keys: Keys | undefined;
  /** When the last read began, as the clock's `elapsedMs`. */
  #attemptedAt = Number.NEGATIVE_INFINITY;
  /** When the last successful read began, in epoch milliseconds. */
  #readAt = Number.NEGATIVE_INFINITY;
  #attempt: Promise<void> | undefined;
  #isFailing = false;
  #stopTimer: (() => void) | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** Reads the keys in advance of the first token. */
  async open(): Promise<void> {
    await this.#refresh(firstRetryMs);
  }

  async *candidates(header: SignatureHeader): AsyncGenerator<CryptoKey> {
    if (this.#keys === undefined) await this.#refresh(firstRetryMs);
    const known = this.#keys;
    if (known === undefined) throw new KeysUnavailable();
    let isKnown = false;
    for await (const key of matching(known, header)) {
      isKnown = true;
      yield key;
    }
    // A signature that does not match the key it names is invalid. A signature without a key id may be of a new key.
    if (isKnown && header.kid !== undefined) return;
    await this.#refresh(retryMs);
    if (this.#keys !== known) yield* matching(this.#keys, header);
    else if (this.#isFailing || this.#mayBeNewer(header)) throw new KeysUnavailable();
  }

  /**
   * Whether the token was issued after the last read, so that its key may be in the set by now. A time that is further
   * ahead than clocks differ does not count: it would be newer than every read.
   */
  #mayBeNewer({ claimedIssueTime }: SignatureHeader): boolean {
    if (claimedIssueTime === undefined) return false;
    const isPlausible = claimedIssueTime <= this.#options.clock.now() + clockToleranceMs;
    return isPlausible && claimedIssueTime + clockToleranceMs >= this.#readAt;
  }

  /** Stops reading. Idempotent. */
  close(): void {
    this.#closed.abort(new KeySourceError("closed"));
    this.#stopTimer?.();
  }

  /**
   * Reads the keys unless the last attempt began less than `intervalMs` ago. Resolves when no attempt is in progress.
   * Never rejects.
   */
  async #refresh(intervalMs: number): Promise<void> {
    const isDue = this.#options.clock.elapsedMs() - this.#attemptedAt >= intervalMs;
    if (isDue && !this.#closed.signal.aborted) this.#attempt ??= this.#load();
    await this.#attempt;
  }

  async #load(): Promise<void> {
    const { clock } = this.#options;
    const begunAt = clock.now();
    this.#attemptedAt = clock.elapsedMs();
    this.#stopTimer?.();
    try {
      // `createLocalJWKSet` validates its argument.
      this.#keys = createLocalJWKSet((await this.#read()) as JSONWebKeySet);
      this.#readAt = begunAt;
      this.#succeeded();
    } catch (error) {
      this.#failed(error);
    }
    this.#attempt = undefined;
    if (this.#closed.signal.aborted) return;
    const repairMs = this.#keys === undefined ? firstRetryMs : retryMs;
    this.#stopTimer = clock.after(this.#isFailing ? repairMs : refreshMs, () => void this.#refresh(0));
  }

  async #read(): Promise<unknown> {
    const { source, clock } = this.#options;
    const deadline = new AbortController();
    const stopDeadline = clock.after(deadlineMs, () =>
      deadline.abort(new KeySourceError(`no answer within ${deadlineMs} ms`)),
    );
    const signal = AbortSignal.any([deadline.signal, this.#closed.signal]);
    try {
      return await untilAborted(source(signal), signal);
    } finally {
      stopDeadline();
    }
  }

  #succeeded(): void {
    if (this.#isFailing) this.#options.log.info({ event: "key-set-recovered" });
    this.#isFailing = false;
  }

  #failed(error: unknown): void {
    if (this.#closed.signal.aborted) return;
    const facts = { problem: problemOf(error), keepsPreviousKeys: this.#keys !== undefined };
    if (!this.#isFailing) this.#options.log.warn({ event: "key-set-failed", ...facts });
    this.#isFailing = true;
  }
}

/**
 * The keys of the set that match a token's header. A key that cannot be used is left out: its defect concerns the
 * owner of the key set, not the holder of the token.
 */
async function* matching(keys: Keys | undefined, header: SignatureHeader): AsyncGenerator<CryptoKey> {
  try {
    const { alg, kid } = header;
    const key = await keys?.({ alg, ...(kid !== undefined && { kid }) });
    if (key !== undefined) yield key;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) yield* error;
  }
}

function problemOf(error: unknown): string {
  return error instanceof KeySourceError ? error.message : "not a JSON Web Key Set (JWKS)";
}
