import { openHocuspocusSqlite } from "../storage/import/hocuspocus-sqlite.ts";
import { openNdjson } from "../storage/import/ndjson.ts";
import { openYLeveldb } from "../storage/import/y-leveldb.ts";
import type { DocumentSource, SourceFormat } from "../storage/source.ts";

export interface SourceOptions {
  readonly format: SourceFormat;
  /** The size of the largest update that is read. */
  readonly updateBytes: number;
}

/** Opens documents that are to be imported. Throws `SourceError` when the path holds none of that format. */
export function openSource(path: string, { format, updateBytes }: SourceOptions): DocumentSource {
  switch (format) {
    case "ndjson":
      return openNdjson(path, { updateBytes });
    case "hocuspocus-sqlite":
      return openHocuspocusSqlite(path, { updateBytes });
    case "y-leveldb":
      return openYLeveldb(path);
  }
}
