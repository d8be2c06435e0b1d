import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../src/ops/metrics.ts";
import { type FileStore, openSqliteStore } from "../../src/storage/sqlite/sqlite-store.ts";
import type { StoreMedium } from "../contract/store-medium.ts";

/** A database in a temporary folder. */
export function createSqliteMedium(): StoreMedium<FileStore> & { readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), "yurt-sqlite-"));
  const file = join(folder, "store.db");
  return {
    file,
    open: (clock) => openSqliteStore({ file, metrics: createMetrics(), clock }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
