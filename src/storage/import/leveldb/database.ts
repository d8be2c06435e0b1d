import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SourceError } from "../../source.ts";
import { Damage } from "./byte-reader.ts";
import { compareEntries, type LevelDbEntry } from "./entry.ts";
import { iterateFile, readWhole, translateFileErrors } from "./file-access.ts";
import { liveEntries, type SortedRun } from "./live-entries.ts";
import { readLog } from "./log-records.ts";
import { type RandomAccess, readTable } from "./table.ts";
import { readVersion, type TableFile, type Version } from "./version.ts";
import { readWriteBatch } from "./write-batch.ts";

/** A LevelDB database on disk. It is never modified, not even its lock. */
export interface LevelDb {
  /** The live value of every key, in key order. Throws `SourceError`. */
  entries(): Iterable<LevelDbEntry>;
  /** Remarks about earlier losses, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * Reads the manifest and the write-ahead logs of a database; `entries` reads the tables.
 *
 * The reader needs neither native code nor the database's lock. If a running server removes a file meanwhile, its
 * absence is an error and never ignored. Throws `SourceError`.
 */
export function readLevelDb(folder: string): LevelDb {
  const version = readCurrentVersion(folder);
  const remarks: string[] = [];
  const logs = logNumbers(folder, version).map((number) => join(folder, `${paddedNumber(number)}.log`));
  const logged = logs.flatMap((file) => readWrites(file, remarks));
  // The sort is stable. Entries are equal only if two logs hold the same one.
  logged.sort(compareEntries);
  const [first] = logged;
  const runs = version.tables.map((table) => tableRun(folder, table));
  if (first !== undefined) runs.push({ firstKey: first.key, entries: () => logged.values() });
  return { entries: () => liveEntries(runs), remarks };
}

function readCurrentVersion(folder: string): Version {
  if (!existsSync(folder)) throw new SourceError(`There is no folder ${folder}.`);
  if (!statSync(folder).isDirectory()) throw new SourceError(`${folder} is a file. Name the folder that contains it.`);
  const current = join(folder, "CURRENT");
  if (!existsSync(current)) throw new SourceError(`${folder} is not a LevelDB folder: it has no file CURRENT.`);
  const name = new TextDecoder().decode(readWhole(current));
  if (!/^MANIFEST-\d+\n$/.test(name)) throw new SourceError(`${current} is damaged: it names no manifest.`);
  const manifest = join(folder, name.trimEnd());
  const bytes = readWhole(manifest);
  return translateFileErrors(manifest, () => {
    const { records, end } = readLog(bytes);
    if (end === "damaged") throw new Damage("it ends with bytes that are not a record");
    return readVersion(records);
  });
}

/** The numbers of the live logs, in the order in which they were written. */
function logNumbers(folder: string, { logNumber, previousLogNumber }: Version): readonly number[] {
  const present = translateFileErrors(folder, () => readdirSync(folder)).flatMap((name) => {
    const [, digits] = /^(\d+)\.log$/.exec(name) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
  const live = new Set(present.filter((number) => number >= logNumber || number === previousLogNumber));
  // LevelDB creates a log before the manifest names it, and the manifest of a repaired database names none.
  if (logNumber > 0) live.add(logNumber);
  return [...live].sort((left, right) => left - right);
}

function readWrites(file: string, remarks: string[]): readonly LevelDbEntry[] {
  const bytes = readWhole(file);
  return translateFileErrors(file, () => {
    const { records, end } = readLog(bytes);
    if (end === "cut")
      remarks.push(`${file} ends in the middle of a write, as after a crash: that write is not imported.`);
    if (end === "damaged")
      remarks.push(`${file} ends with bytes that are not a write, as after a crash: they are not imported.`);
    return records.flatMap((record) => [...readWriteBatch(record)]);
  });
}

function tableRun(folder: string, { number, bytes, firstKey }: TableFile): SortedRun {
  const file = tableFile(folder, number);
  const { size } = translateFileErrors(file, () => statSync(file));
  if (size !== bytes) throw new SourceError(`${file} is damaged: it has ${size} bytes and should have ${bytes}.`);
  return { firstKey, entries: () => iterateFile(file, (access) => tableEntries(access, firstKey)) };
}

function* tableEntries(access: RandomAccess, firstKey: Uint8Array): Generator<LevelDbEntry> {
  for (const entry of readTable(access)) {
    // Such a key would be read too late, after newer versions of it.
    if (Buffer.compare(entry.key, firstKey) < 0) throw new Damage("it holds a key below its first");
    yield entry;
  }
}

/** The path of a table. Until 2013 tables had the suffix `.sst`. */
function tableFile(folder: string, number: number): string {
  const old = join(folder, `${paddedNumber(number)}.sst`);
  return existsSync(old) ? old : join(folder, `${paddedNumber(number)}.ldb`);
}

function paddedNumber(number: number): string {
  return String(number).padStart(6, "0");
}
