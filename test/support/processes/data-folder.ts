import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/storage/store.ts";

/** Documents by name, with the updates of each. */
export type Documents = Readonly<Record<string, readonly Uint8Array[]>>;

/** A temporary folder for data folders, backups and the like, which is removed at the end. */
export class Workshop implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "yurt-workshop-")));

  file(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /** Writes a data folder as a stopped server leaves it. Resolves with the path of its database. */
  async fill(folder: string, documents: Documents): Promise<string> {
    await this.#opened(folder, (store) => append(store, documents));
    return this.file(folder, "yurt.db");
  }

  /** Writes a data folder as a killed server leaves it: all content is in the `-wal`. */
  async fillAndKill(folder: string, documents: Documents): Promise<string> {
    await this.#opened(`${folder}-living`, async (store) => {
      await append(store, documents);
      cpSync(this.file(`${folder}-living`), this.file(folder), { recursive: true });
    });
    rmSync(this.file(folder, "yurt.db-shm"));
    return this.file(folder, "yurt.db");
  }

  async #opened(folder: string, task: (store: Store) => Promise<void>): Promise<void> {
    mkdirSync(this.file(folder), { recursive: true });
    const store = openSqliteStore({ file: this.file(folder, "yurt.db"), metrics: createMetrics() });
    try {
      await task(store);
    } finally {
      await store.close();
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The rows of the database's log, by document, in order. */
export async function documentsIn(file: string): Promise<Record<string, number[][]>> {
  const store = openSqliteStore({ file, metrics: createMetrics() });
  const documents: Record<string, number[][]> = {};
  for (const { name } of await store.list({ limit: 100 })) {
    const stored = await store.load(name);
    const entries = stored?.base === undefined ? [] : [stored.base];
    documents[name] = [...entries, ...(stored?.tail ?? [])].map(({ update }) => [...update]);
  }
  await store.close();
  return documents;
}

/**
 * The files of a folder with their bytes, for a check that nothing was changed. A `-shm` and an empty `-wal` are left
 * out.
 */
export function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder).sort();
  const contents = files.map((name) => [name, readFileSync(join(folder, name), "base64")] as const);
  return Object.fromEntries(
    contents.filter(([name, bytes]) => !/-shm$/.test(name) && !(/-wal$/.test(name) && bytes === "")),
  );
}

async function append(store: Store, documents: Documents): Promise<void> {
  for (const [document, updates] of Object.entries(documents)) {
    await store.append(updates.map((update) => ({ document, update })));
  }
}
