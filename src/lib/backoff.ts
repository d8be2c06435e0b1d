export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The delay before the next retry after `failures` failures in a row: it doubles with each, up to `maxMs`. */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  return Math.min(firstMs * 2 ** (failures - 1), maxMs);
}
