import { openHocuspocusSqlite } from "../storage/import/hocuspocus-sqlite.ts";
import { openYLeveldb } from "../storage/import/y-leveldb.ts";
import type { DocumentSource, SourceFormat } from "../storage/source.ts";

/** Opens the documents of another server. Throws `SourceError` when the path holds none of that format. */
export function openSource(format: SourceFormat, path: string): DocumentSource {
  switch (format) {
    case "hocuspocus-sqlite":
      return openHocuspocusSqlite(path);
    case "y-leveldb":
      return openYLeveldb(path);
  }
}
