import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyEncoding } from "y-leveldb";
import { readBlockEntries } from "../../src/storage/import/leveldb/block.ts";
import { Damage } from "../../src/storage/import/leveldb/byte-reader.ts";
import { readLevelDb } from "../../src/storage/import/leveldb/database.ts";
import { readLog } from "../../src/storage/import/leveldb/log-records.ts";
import { decompressSnappy } from "../../src/storage/import/leveldb/snappy.ts";
import { readTable } from "../../src/storage/import/leveldb/table.ts";
import { readVersion } from "../../src/storage/import/leveldb/version.ts";
import { readWriteBatch } from "../../src/storage/import/leveldb/write-batch.ts";
import { SourceError } from "../../src/storage/source.ts";
import { blockBytes, internalKey, logBytes, tableBytes, utf8, writeBatch } from "../support/bytes/leveldb-bytes.ts";
import { mutate } from "../support/bytes/mutations.ts";
import { Random, withSeeds } from "../support/bytes/random.ts";
import {
  compactLevels,
  describeEntry,
  filesOf,
  keyLeftInLog,
  manyTables,
  putValue,
  valueLeftInLog,
  withYLeveldb,
} from "../support/bytes/y-leveldb.ts";
import { damageFile } from "../support/processes/damage-file.ts";
import { Workshop } from "../support/processes/data-folder.ts";

describe("after one file of a database has changed", () => {
  let workshop: Workshop;
  let original: string;
  let changed: string;
  /** Every version of every key that was ever written: a changed file can make an older version visible. */
  let written: ReadonlySet<string>;
  let whole: readonly string[];

  beforeAll(async () => {
    workshop = new Workshop();
    original = workshop.file("original");
    changed = workshop.file("changed");
    const everything = new Set<string>();
    const random = new Random(1);
    await withYLeveldb(
      original,
      async (persistence) => {
        for (let index = 0; index < 400; index += 1) {
          const key = ["v1", `document ${random.integer(9)}`, "update", random.integer(9)];
          const value = Uint8Array.from({ length: random.integer(600) }, (_, at) => (at % 5) + random.integer(2));
          if (random.chance(0.1)) await persistence._transact((database) => database.del(key));
          else await putValue(persistence, key, value);
          everything.add(describeEntry(keyEncoding.encode(key), value));
        }
      },
      manyTables,
    );
    await compactLevels(original);
    everything.add(describeEntry(keyEncoding.encode(keyLeftInLog), valueLeftInLog));
    cpSync(original, changed, { recursive: true });
    written = everything;
    whole = entriesIn(original);
  });

  afterAll(() => workshop[Symbol.dispose]());

  const entriesIn = (folder: string) =>
    Array.from(readLevelDb(folder).entries(), ({ key, value }) => describeEntry(key, value));

  test("either that file is named, or every value read was once written", () => {
    const files = [...filesOf(original, ".ldb"), ...filesOf(original, ".log"), ...filesOf(original, "CURRENT")];
    files.push(readFileSync(join(original, "CURRENT"), "utf8").trim());
    expect(whole.length).toBeGreaterThan(20);
    expect(whole.filter((entry) => !written.has(entry))).toEqual([]);
    let refusals = 0;
    withSeeds(300, (random) => {
      const name = random.pick(files);
      const bytes = readFileSync(join(original, name));
      writeFileSync(join(changed, name), damageFile(random, bytes));
      try {
        expect(entriesIn(changed).filter((entry) => !written.has(entry))).toEqual([]);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        expect(error.message).toContain(changed);
        refusals += 1;
      }
      writeFileSync(join(changed, name), bytes);
    });
    expect(refusals).toBeGreaterThan(150);
    expect(entriesIn(changed)).toEqual([...whole]);
  });
});

describe("for any bytes with a valid checksum, only Damage is thrown when reading", () => {
  const entries = Array.from(
    { length: 12 },
    (_, index) => [internalKey(`key ${index + 10}`, 3), utf8(`value ${index}`)] as const,
  );
  const block = blockBytes(entries);
  const compressed = Uint8Array.of(40, (9 - 1) << 2, ...utf8("012345678"), ((31 - 1) << 2) | 2, 9, 0);
  const batch = writeBatch(7, [
    ["a", "one"],
    ["b", undefined],
    ["c", "three"],
  ]);
  const edit = Uint8Array.of(
    2,
    5,
    9,
    0,
    3,
    7,
    4,
    9,
    7,
    0,
    5,
    100,
    9,
    ...internalKey("a", 1),
    9,
    ...internalKey("z", 1),
    6,
    1,
    4,
  );

  test.each<[string, Uint8Array, (bytes: Uint8Array) => unknown]>([
    ["a block", block, (bytes) => [...readBlockEntries(bytes)]],
    ["a compressed block", compressed, decompressSnappy],
    ["a batch of writes", batch, (bytes) => [...readWriteBatch(bytes)]],
    ["a manifest", edit, (bytes) => readVersion([bytes])],
    ["a log", logBytes([batch, new Uint8Array(33_000), batch]), (bytes) => readLog(bytes)],
    [
      "a table of that block",
      block,
      (bytes) =>
        readWhole(
          tableBytes([
            { bytes, compression: 0 },
            { bytes, compression: 1 },
          ]),
        ),
    ],
    ["a table", tableBytes([{ bytes: block, compression: 0 }]), readWhole],
  ])("%s", (_, bytes, read) => {
    withSeeds(700, (random) => {
      try {
        const isLarge = bytes.length > 1_000;
        read(isLarge || random.chance(0.5) ? damageFile(random, bytes) : mutate(random, [bytes]));
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
      }
    });
  });

  function readWhole(bytes: Uint8Array): unknown {
    const read = (offset: number, length: number) => {
      if (offset + length > bytes.length) throw new Error("read beyond the file");
      return bytes.subarray(offset, offset + length);
    };
    return [...readTable({ byteLength: bytes.length, read })];
  }
});
