import type { UpdateOrigin } from "../../storage/history/history-store.ts";
import type { HistoryInput } from "./history-recorder.ts";

/**
 * The origins of updates in columns, which are transferred to another thread. Copying a hundred thousand objects would
 * block the event loop for a tenth of a second.
 */
export interface PackedOrigins {
  readonly rows: Float64Array<ArrayBuffer>;
  /** Epoch milliseconds; not a number where the time is unknown. */
  readonly times: Float64Array<ArrayBuffer>;
  readonly users: readonly string[];
  /** For each update, the index in `users` plus 1; 0 where the user is unknown. */
  readonly senders: Uint32Array<ArrayBuffer>;
}

/** A `HistoryInput` for another thread. */
export interface PackedHistoryInput extends Omit<HistoryInput, "origins"> {
  readonly origins: PackedOrigins;
}

export function packOrigins(origins: readonly UpdateOrigin[]): PackedOrigins {
  const rows = new Float64Array(origins.length);
  const times = new Float64Array(origins.length);
  const senders = new Uint32Array(origins.length);
  const indexes = new Map<string, number>();
  for (const [index, { row, at = Number.NaN, user }] of origins.entries()) {
    rows[index] = row;
    times[index] = at;
    if (user === undefined) continue;
    const sender = indexes.get(user) ?? indexes.size + 1;
    indexes.set(user, sender);
    senders[index] = sender;
  }
  return { rows, times, users: [...indexes.keys()], senders };
}

export function unpackOrigins({ rows, senders, times, users }: PackedOrigins): readonly UpdateOrigin[] {
  return Array.from(rows, (row, index) => {
    const at = times[index] ?? Number.NaN;
    return { row, at: Number.isNaN(at) ? undefined : at, user: users[(senders[index] ?? 0) - 1] };
  });
}

/** The buffers of packed origins, to be transferred. */
export function buffersOf({ rows, senders, times }: PackedOrigins): readonly ArrayBuffer[] {
  return [rows.buffer, times.buffer, senders.buffer];
}
