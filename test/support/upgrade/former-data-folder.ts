import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as Y from "yjs";

/** The folder of the fixtures: one folder for each earlier release state, and in it one for each state of the server. */
const fixtures = join(import.meta.dir, "../fixtures/data-folders");

/** How the server that wrote the folder ended. A killed one leaves content in the write-ahead log only. */
export const endings = ["stopped", "killed"] as const;

export type FolderEnding = (typeof endings)[number];

/** The facts about a fixture that a test checks. */
export interface FormerDataFolder {
  /** The database's schema version. */
  readonly schema: number;
  /** The version of the executable that wrote the folder, and the commit that it was built from. */
  readonly release: string;
  /** The content of each document, as `contentOf` gives it, by the ending of the server. */
  readonly documents: Readonly<Record<FolderEnding, Readonly<Record<string, unknown>>>>;
  /** Undefined if the release had no tokens. */
  readonly access?: {
    /** The secret that the release generated. */
    readonly secret: string;
    /** The token id that was revoked, for as long as any token can be valid. */
    readonly revokedTokenId: string;
  };
}

/** The names of all fixtures. */
export function formerDataFolders(): readonly string[] {
  return readdirSync(fixtures).sort();
}

export function readFormer(name: string): FormerDataFolder {
  // The file is part of the repository, and written by `writeFormer`.
  return JSON.parse(readFileSync(join(fixtures, name, "facts.json"), "utf8")) as FormerDataFolder;
}

/** Writes a copy of the data folder, as the former server left it, to the new folder `target`. */
export function unpackFormer(name: string, ending: FolderEnding, target: string): void {
  mkdirSync(target, { mode: 0o700 });
  const source = join(fixtures, name, ending);
  for (const packed of readdirSync(source)) {
    const bytes = Bun.gunzipSync(readFileSync(join(source, packed)));
    writeFileSync(join(target, packed.replace(/\.gz$/, "")), bytes, { mode: 0o600 });
  }
}

/** Packs the files of a data folder, except those that only a running server uses. */
export function packFormer(name: string, ending: FolderEnding, folder: string): void {
  const target = join(fixtures, name, ending);
  mkdirSync(target, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (file.endsWith("-shm") || file === "pid" || file === "url") continue;
    const bytes = readFileSync(join(folder, file));
    // SQLite deletes these files when a server stops.
    if (bytes.length === 0 && /-(wal|journal)$/.test(file)) continue;
    writeFileSync(join(target, `${file}.gz`), Bun.gzipSync(bytes, { level: 9 }));
  }
}

export function writeFormer(name: string, facts: FormerDataFolder): void {
  writeFileSync(join(fixtures, name, "facts.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
}

/** The content of a document of a fixture, as a JSON value. */
export function contentOf(doc: Y.Doc): unknown {
  const content = {
    text: doc.getText("text").toDelta(),
    map: doc.getMap("map").toJSON(),
    list: doc.getArray("list").toJSON(),
    xml: doc.getXmlFragment("xml").toString(),
  };
  // Without the fields that JSON does not keep.
  return JSON.parse(JSON.stringify(content));
}
