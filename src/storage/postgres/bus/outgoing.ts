import type { SQL } from "bun";
import type { NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import { type Beat, bytesInEnvelope, emptyEnvelopeBytes, encodeEnvelope, encodeItem } from "./bus-codec.ts";

export interface OutgoingOptions {
  readonly node: NodeId;
  readonly channel: string;
  readonly clock: Pick<Clock, "after" | "afterTurn" | "elapsedMs">;
  /** The connection to send by; undefined while there is none. */
  connection(): SQL | undefined;
  /** The beat as it is now. */
  beat(): Beat;
  /** Messages have been sent, of which some were too long for a notification. */
  sent(messages: number, spilled: number): void;
  /** Messages were dropped. */
  dropped(messages: number): void;
}

interface Pending {
  readonly item: Uint8Array;
  /** The receiver; undefined for all. */
  readonly to: NodeId | undefined;
}

interface Batch {
  readonly payloads: readonly string[];
  readonly spilled: readonly { readonly place: number; readonly data: Uint8Array }[];
  readonly messages: number;
}

/** Postgres takes 7,999 bytes: 16 of the id, and 5,985 as base64. */
const envelopeBytes = 5_985;
const envelopesAtOnce = 64;
/** From one statement to the next: what is sent meanwhile goes with the next one. */
const intervalMs = 3;
/** After an error that has not broken the connection, such as a full queue of notifications. */
const retryMs = 100;
/** The bound of what waits while the database is slow: the oldest messages are dropped. */
const mostPendingBytes = 16 * 1024 * 1024;

/**
 * Sends items, many in one notification. One statement runs at a time. A statement whose outcome is unknown is repeated:
 * its notifications have numbers, by which receivers know what they have.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  /** The batch that is not known to be sent. */
  #batch: Batch | undefined;
  #isBeatDue = false;
  #lastNumber = 0;
  #lastPlace = 0;
  #ranAt = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #isPlanned = false;
  readonly #idle = new Set<() => void>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** Takes over `item`. */
  add(item: Uint8Array, to?: NodeId): void {
    this.#pending.push({ item, to });
    this.#pendingBytes += item.byteLength;
    if (this.#pendingBytes > mostPendingBytes) this.#dropOldest();
    this.wake();
  }

  /** Has the next envelope begin with a beat, and sends it soon. */
  beatDue(): void {
    this.#isBeatDue = true;
    this.wake();
  }

  /** Drops everything that is not sent. */
  clear(): void {
    this.#drop(this.#pending.length);
    this.#batch = undefined;
  }

  /** Sends soon, if there is something to send and a connection. */
  wake(): void {
    if (this.#isRunning || this.#isPlanned || !this.#hasWork()) return;
    const { clock, connection } = this.#options;
    if (connection() === undefined) return;
    this.#isPlanned = true;
    const run = () => {
      this.#isPlanned = false;
      void this.#run();
    };
    const waitMs = this.#ranAt + intervalMs - clock.elapsedMs();
    if (waitMs <= 0) clock.afterTurn(run);
    else clock.after(waitMs, run);
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    while (this.#hasWork()) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #hasWork(): boolean {
    return this.#isBeatDue || this.#pending.length > 0 || this.#batch !== undefined;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, connection } = this.#options;
    const sql = connection();
    if (sql === undefined) return;
    this.#isRunning = true;
    this.#ranAt = clock.elapsedMs();
    const batch = this.#batch ?? this.#nextBatch();
    this.#batch = batch;
    let hasFailed = false;
    try {
      await this.#send(batch, sql);
      if (this.#batch === batch) this.#batch = undefined;
      this.#options.sent(batch.messages, batch.spilled.length);
    } catch {
      hasFailed = true;
    }
    if (hasFailed && connection() === sql) await new Promise<void>((resolve) => clock.after(retryMs, resolve));
    this.#isRunning = false;
    if (!this.#hasWork()) this.#reportIdle();
    this.wake();
  }

  #reportIdle(): void {
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  async #send({ payloads, spilled }: Batch, sql: SQL): Promise<void> {
    const { channel, node } = this.#options;
    for (const { data, place } of spilled) {
      await sql`INSERT INTO yurt_spill (node, place, data) VALUES (${node}, ${place}::bigint, ${data}) ON CONFLICT DO NOTHING`;
    }
    const [first = ""] = payloads;
    if (payloads.length === 1) await sql.notify(channel, first);
    else {
      await sql`SELECT pg_notify(${channel}, payload)
        FROM unnest(${sql.array([...payloads], "TEXT")}) WITH ORDINALITY AS payloads (payload, place) ORDER BY place`;
    }
  }

  #nextBatch(): Batch {
    const payloads: string[] = [];
    const spilled: { place: number; data: Uint8Array }[] = [];
    let taken = 0;
    const next = (space: number): Uint8Array | undefined => {
      const pending = this.#pending[taken];
      if (pending === undefined) return undefined;
      const isLong = bytesInEnvelope(pending.item) > envelopeBytes - emptyEnvelopeBytes;
      const item = isLong ? encodeItem({ kind: "spilled", to: pending.to, place: this.#lastPlace + 1 }) : pending.item;
      if (bytesInEnvelope(item) > space) return undefined;
      if (isLong) {
        this.#lastPlace += 1;
        spilled.push({ place: this.#lastPlace, data: pending.item });
      }
      taken += 1;
      this.#pendingBytes -= pending.item.byteLength;
      return item;
    };
    while (payloads.length < envelopesAtOnce) {
      const items: Uint8Array[] = [];
      let space = envelopeBytes - emptyEnvelopeBytes;
      const add = (item: Uint8Array) => {
        items.push(item);
        space -= bytesInEnvelope(item);
      };
      if (this.#isBeatDue) add(encodeItem(this.#options.beat()));
      this.#isBeatDue = false;
      for (let item = next(space); item !== undefined; item = next(space)) add(item);
      if (items.length === 0) break;
      this.#lastNumber += 1;
      payloads.push(`${this.#options.node}${encodeEnvelope(this.#lastNumber, items).toBase64()}`);
    }
    this.#pending = this.#pending.slice(taken);
    return { payloads, spilled, messages: taken };
  }

  /** Drops the older half: dropping one by one would move the others each time. */
  #dropOldest(): void {
    this.#drop(Math.ceil(this.#pending.length / 2));
  }

  #drop(count: number): void {
    if (count === 0) return;
    for (const { item } of this.#pending.slice(0, count)) this.#pendingBytes -= item.byteLength;
    this.#pending = this.#pending.slice(count);
    // The receivers see the gap.
    this.#lastNumber += 1;
    this.#options.dropped(count);
  }
}
