import { openHocuspocusSqlite } from "../storage/import/hocuspocus-sqlite.ts";
import { openYLeveldb } from "../storage/import/y-leveldb.ts";
import type { DocumentSource, SourceFormat } from "../storage/source.ts";

export interface SourceOptions {
  readonly format: SourceFormat;
  /** The size of the largest update that is read. */
  readonly updateBytes: number;
}

/** Opens the documents of another server. Throws `SourceError` when the path holds none of that format. */
export function openSource(path: string, { format, updateBytes }: SourceOptions): DocumentSource {
  switch (format) {
    case "hocuspocus-sqlite":
      return openHocuspocusSqlite(path, { updateBytes });
    case "y-leveldb":
      return openYLeveldb(path);
  }
}
