export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;

/** The unit of a bound. Bytes are those of the encoded form; characters are UTF-16 code units. */
export type LimitUnit = "bytes" | "characters" | "ms" | "count" | "per second" | "per 10 s";

/** One bound on what clients may ask of the server. */
export interface Limit {
  readonly default: number;
  readonly unit: LimitUnit;
  /** The quantity that is bounded, as a noun phrase. */
  readonly help: string;
  /** The answer to a client that goes beyond the bound, with the name of its close reason; for the reference. */
  readonly beyond?: string;
  /** The smallest value that can be set; 1 when it is not given. */
  readonly min?: number;
  /** The greatest value that can be set; 10¹⁵ - 1 when it is not given. */
  readonly max?: number;
  /** Operators change it often: the short help shows it. */
  readonly isCommon?: true;
  /** The bound is read once, when the server starts: a reload of the configuration does not change it. */
  readonly needsRestart?: true;
}

/** Bounds by their names. The folder that enforces them declares them. */
export type LimitTable = Readonly<Record<string, Limit>>;

/** The values of a table's bounds. */
export type LimitValues<Table extends LimitTable> = { readonly [Name in keyof Table]: number };

/** The values of bounds that are not set. */
export function defaultsOf<Table extends LimitTable>(table: Table): LimitValues<Table> {
  const defaults = Object.fromEntries(Object.entries(table).map(([name, limit]) => [name, limit.default]));
  // Object.fromEntries forgets the names.
  return defaults as LimitValues<Table>;
}

/** Declares a table: its rows are checked, and its type keeps their names. */
export function limits<Name extends string>(table: Readonly<Record<Name, Limit>>): Readonly<Record<Name, Limit>> {
  return table;
}
