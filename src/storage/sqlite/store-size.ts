import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Metrics } from "../../ops/metrics.ts";

export interface StoreSizeOptions {
  /** The path of the database. */
  readonly file: string;
  readonly journalBytes: () => number;
  readonly metrics: Pick<Metrics, "databaseBytes" | "journalBytes" | "diskAvailableBytes">;
}

/** Shows the sizes of a database's files, and the free space beside them. A size that is unknown is not a number. */
export function showStoreSize({ file, journalBytes, metrics }: StoreSizeOptions): void {
  metrics.databaseBytes.readFrom("database", () => sizeOf(file));
  metrics.databaseBytes.readFrom("wal", () => sizeOf(`${file}-wal`));
  metrics.journalBytes.readFrom(journalBytes);
  metrics.diskAvailableBytes.readFrom(() => availableBytesAt(dirname(file)));
}

function sizeOf(file: string): number {
  return numberOf(() => statSync(file).size);
}

/** The free space on the disk of a folder. Not a number if it is unknown. */
export function availableBytesAt(folder: string): number {
  return numberOf(() => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  });
}

/** The file may be deleted, or its volume gone. */
function numberOf(read: () => number): number {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
}
