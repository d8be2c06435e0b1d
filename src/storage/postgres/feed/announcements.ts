import type { SQL } from "bun";
import type { RowId } from "../../store.ts";
import type { BatchPlace } from "../documents/insert-batch.ts";
import type { PackedBatch } from "../documents/packed-batch.ts";
import { type AnnouncedBatch, decodeBatches, encodeBatch } from "./announced-batch.ts";

export interface AnnouncementsOptions {
  /** Known to those alone that can read the tables: an announcement has content of documents. */
  readonly channel: string;
  /** Listens. */
  readonly pool: SQL;
  /** Notifies. It is the connection of the appends, so that a batch is announced before the next one is appended. */
  readonly writer: SQL;
  /** Called instead of an announcement that no notification can hold, or that has waited behind too many others. */
  readonly dropped: () => void;
}

/** Postgres takes 7,999 bytes: 16 of the name, and 5,985 as base64. */
const mostBytes = 5_985;
/** The bound of what waits while the database is slow. */
const mostWaitingBytes = 16 * mostBytes;

/**
 * Announces committed batches to the other nodes, in a transaction of its own: commits that notify wait for each other.
 * Announcements may be lost.
 */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  /** Tells the node's own announcements from others. */
  readonly #name = crypto.getRandomValues(new Uint8Array(8)).toHex();
  #subscription: SQL.ListenSubscription | undefined;
  /** The batches that are not sent, encoded. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isSending = false;

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /** Has `heard` called with batches of other nodes, and with undefined for what this release cannot read. */
  async listen(heard: (batches: readonly AnnouncedBatch[] | undefined) => void): Promise<void> {
    const { channel, pool } = this.#options;
    this.#subscription = await pool.listen(channel, (payload) => {
      if (!payload.startsWith(this.#name)) heard(decode(payload.slice(this.#name.length)));
    });
  }

  /** Announces a batch: at once, or with others that wait for the notification under way. `rows` are in its order. */
  announce(place: BatchPlace, batch: PackedBatch, rows: readonly RowId[]): void {
    // Without its places and names a batch is shorter.
    const encoded = batch.bytes.byteLength > mostBytes ? undefined : encodeBatch(place, batch, rows);
    if (encoded === undefined || encoded.byteLength > mostBytes || this.#waitingBytes > mostWaitingBytes) {
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#options.dropped();
      return;
    }
    this.#waiting.push(encoded);
    this.#waitingBytes += encoded.byteLength;
    if (!this.#isSending) void this.#send();
  }

  async close(): Promise<void> {
    await this.#subscription?.unlisten();
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    const { channel, writer } = this.#options;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const payload = `${this.#name}${this.#take().toString("base64")}`;
      await writer.notify(channel, payload).catch(() => {});
    }
    this.#isSending = false;
  }

  /** Takes as many of those that wait as fit into one notification. */
  #take(): Buffer {
    let bytes = 0;
    let count = 0;
    for (const { byteLength } of this.#waiting) {
      if (bytes + byteLength > mostBytes) break;
      bytes += byteLength;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return Buffer.concat(this.#waiting.splice(0, count));
  }
}

function decode(base64: string): readonly AnnouncedBatch[] | undefined {
  try {
    return decodeBatches(Uint8Array.fromBase64(base64));
  } catch {
    return undefined;
  }
}
