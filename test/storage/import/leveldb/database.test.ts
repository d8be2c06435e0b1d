import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readLevelDb } from "../../../../src/storage/import/leveldb/database.ts";
import { SourceError } from "../../../../src/storage/source.ts";
import { logBytes, logFragment, utf8 } from "../../../support/bytes/leveldb-bytes.ts";
import { Random } from "../../../support/bytes/random.ts";
import {
  compactLevels,
  describeEntry,
  entriesOf,
  filesOf,
  leaveAsKilled,
  manyTables,
  putValue,
  withYLeveldb,
} from "../../../support/bytes/y-leveldb.ts";
import { Workshop } from "../../../support/processes/data-folder.ts";

let workshop: Workshop;
let folder: string;

beforeEach(() => {
  workshop = new Workshop();
  folder = workshop.file("leveldb");
});

afterEach(() => workshop[Symbol.dispose]());

const read = () => Array.from(readLevelDb(folder).entries(), ({ key, value }) => describeEntry(key, value));

/** Returns bytes that compress, or bytes that do not. */
function inventValue(random: Random): Uint8Array {
  const length = random.integer(3_000);
  const isEven = random.chance(0.5);
  return Uint8Array.from({ length }, (_, index) => (isEven ? (index % 7) + 65 : random.integer(256)));
}

type Persistence = Parameters<Parameters<typeof withYLeveldb>[1]>[0];

/** Writes, overwrites and deletes entries, and returns the live ones. */
async function writeMuch(persistence: Persistence, writes: number): Promise<readonly string[]> {
  const random = new Random(writes);
  for (let index = 0; index < writes; index += 1) {
    const key = ["v1", `document ${random.integer(40)}`, "update", random.integer(20)];
    if (random.chance(0.2)) await persistence._transact((database) => database.del(key));
    else await putValue(persistence, key, inventValue(random));
  }
  return entriesOf(persistence);
}

describe("a LevelDB folder is read as LevelDB reads it", () => {
  test.each([
    ["with snappy", { ...manyTables, compression: true }],
    ["without compression", { ...manyTables, compression: false }],
    ["with large blocks", { ...manyTables, blockSize: 64 * 1024 }],
  ])("that has many tables, %s", async (_, options) => {
    const expected = await withYLeveldb(folder, (persistence) => writeMuch(persistence, 1_500), options);
    expect(filesOf(folder, ".ldb").length).toBeGreaterThan(1);
    expect(read()).toEqual([...expected]);
  });

  test("that was opened many times, compacted and written again", async () => {
    for (let round = 1; round <= 4; round += 1) {
      const options = { ...manyTables, compression: round % 2 === 0 };
      const expected = await withYLeveldb(folder, (persistence) => writeMuch(persistence, 100 * round), options);
      expect(read()).toEqual([...expected]);
      await compactLevels(folder);
      expect(read()).toHaveLength(expected.length + (round === 1 ? 1 : 0));
    }
  });

  test("that has only a log, because its server was killed", async () => {
    let expected: readonly string[] = [];
    await leaveAsKilled(folder, async (persistence) => {
      expected = await writeMuch(persistence, 300);
    });
    expect(filesOf(folder, ".ldb")).toEqual([]);
    expect(read()).toEqual([...expected]);
    expect(readLevelDb(folder).remarks).toEqual([]);
  });

  test("in which everything was deleted", async () => {
    await withYLeveldb(
      folder,
      async (persistence) => {
        await writeMuch(persistence, 500);
        await persistence.clearAll();
      },
      manyTables,
    );
    expect(read()).toEqual([]);
  });

  test("whose tables have the names used until 2013", async () => {
    const expected = await withYLeveldb(folder, (persistence) => writeMuch(persistence, 500), manyTables);
    for (const name of filesOf(folder, ".ldb")) {
      renameSync(join(folder, name), join(folder, name.replace(".ldb", ".sst")));
    }
    expect(read()).toEqual([...expected]);
  });
});

describe("a log that ends with an incomplete write", () => {
  let log: string;
  let expected: readonly string[];

  beforeEach(async () => {
    expected = await withYLeveldb(folder, (persistence) => writeMuch(persistence, 30));
    await withYLeveldb(folder, (persistence) =>
      putValue(persistence, ["v1", "zz", "update", 0], new Uint8Array(99).fill(7)),
    );
    log = join(folder, filesOf(folder, ".log")[0] ?? "");
  });

  test("keeps all earlier writes", () => {
    truncateSync(log, readFileSync(log).length - 50);
    expect(read()).toEqual([...expected]);
    expect(readLevelDb(folder).remarks).toEqual([
      `${log} ends in the middle of a write, as after a crash: that write is not imported.`,
    ]);
  });

  test("or with bytes that never reached the disk keeps all earlier writes", () => {
    const bytes = readFileSync(log);
    writeFileSync(log, bytes.fill(0, bytes.length - 50));
    expect(read()).toEqual([...expected]);
    expect(readLevelDb(folder).remarks).toEqual([
      `${log} ends with bytes that are not a write, as after a crash: they are not imported.`,
    ]);
  });
});

describe("refused, with the name of the invalid file, is a folder", () => {
  beforeEach(async () => {
    await withYLeveldb(folder, (persistence) => writeMuch(persistence, 300), manyTables);
    await compactLevels(folder);
  });

  const nameOf = (ending: string) => {
    const [name = ""] = filesOf(folder, ending);
    return name;
  };
  const manifest = () => readFileSync(join(folder, "CURRENT"), "utf8").trim();

  function expectRefusal(name: string, message: RegExp): void {
    let refusal: unknown;
    try {
      read();
    } catch (error) {
      refusal = error;
    }
    if (!(refusal instanceof SourceError)) throw new Error(`It is not refused: ${refusal}`);
    expect(refusal.message).toMatch(message);
    expect(refusal.message).toContain(join(folder, name));
  }

  test("that does not exist", () => {
    rmSync(folder, { recursive: true });
    expectRefusal("", /^There is no folder .+\.$/);
  });

  test("that is a file", () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "a letter");
    expectRefusal("", / is a file\. Name the folder that contains it\.$/);
  });

  test("that has no CURRENT", () => {
    rmSync(join(folder, "CURRENT"));
    expectRefusal("", /is not a LevelDB folder: it has no file CURRENT\.$/);
  });

  test.each(["", "MANIFEST-000002", "../../MANIFEST-000002\n", "MANIFEST-x\n"])("whose CURRENT says %p", (text) => {
    writeFileSync(join(folder, "CURRENT"), text);
    expectRefusal("CURRENT", /is damaged: it names no manifest\.$/);
  });

  test.each<[string, () => string]>([
    ["manifest", manifest],
    ["table", () => nameOf(".ldb")],
  ])("that has lost a %s", (_, choose) => {
    const name = choose();
    rmSync(join(folder, name));
    expectRefusal(name, /is missing\. If a server is using the folder, stop it first/);
  });

  test("that has lost its logs", () => {
    for (const name of filesOf(folder, ".log")) rmSync(join(folder, name));
    expectRefusal("", /\d+\.log is missing\. If a server is using the folder, stop it first/);
  });

  test("whose table is shorter than it should be", () => {
    const table = nameOf(".ldb");
    const { length } = readFileSync(join(folder, table));
    truncateSync(join(folder, table), length - 1);
    expectRefusal(table, new RegExp(`is damaged: it has ${length - 1} bytes and should have ${length}\\.$`));
  });

  test("whose table has changed", () => {
    const table = nameOf(".ldb");
    const bytes = readFileSync(join(folder, table));
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    writeFileSync(join(folder, table), bytes);
    expectRefusal(table, /is damaged: checksum mismatch at byte 0\.$/);
  });

  test("whose table was replaced by another table", () => {
    const [one = "", other = ""] = filesOf(folder, ".ldb").toSorted((left, right) => sizeOf(left) - sizeOf(right));
    writeFileSync(join(folder, other), readFileSync(join(folder, one)));
    expectRefusal(other, /is damaged/);
  });

  const sizeOf = (name: string) => readFileSync(join(folder, name)).length;

  test("whose log has changed in the middle", () => {
    const log = nameOf(".log");
    const bytes = readFileSync(join(folder, log));
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    writeFileSync(join(folder, log), bytes);
    expectRefusal(log, /is damaged: checksum mismatch at byte 0\.$/);
  });

  test("whose log is larger than a gigabyte, without reading it", () => {
    const log = nameOf(".log");
    truncateSync(join(folder, log), 2 ** 30 + 1);
    expectRefusal(log, /is larger than LevelDB makes it: 1073741825 bytes\.$/);
  });

  test("whose log has a record that is not a write batch", () => {
    const log = nameOf(".log");
    writeFileSync(join(folder, log), logBytes([utf8("too short")]));
    expectRefusal(log, /is damaged: unexpected end of data\.$/);
  });

  test("whose manifest ends with an invalid record", () => {
    const bytes = readFileSync(join(folder, manifest()));
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    writeFileSync(join(folder, manifest()), bytes);
    expectRefusal(manifest(), /is damaged: it ends with bytes that are not a record\.$/);
  });

  test("whose manifest has another comparator", () => {
    writeFileSync(join(folder, manifest()), logFragment(1, Uint8Array.of(1, 4, ...utf8("mine"))));
    expectRefusal(manifest(), /is damaged: its comparator is not supported\.$/);
  });

  test("that has a device without an end, or a pipe, in place of a file", () => {
    const name = manifest();
    rmSync(join(folder, name));
    symlinkSync("/dev/zero", join(folder, name));
    expectRefusal(name, /cannot be read: it is not an ordinary file/);
    rmSync(join(folder, name));
    expect(Bun.spawnSync(["mkfifo", join(folder, name)]).exitCode).toBe(0);
    expectRefusal(name, /cannot be read: it is not an ordinary file/);
  });

  test("that has a folder in place of a file", () => {
    const log = nameOf(".log");
    rmSync(join(folder, log));
    mkdirSync(join(folder, log));
    expectRefusal(log, /cannot be read: it is a folder/);
  });

  test("while another copy of it is read", () => {
    const copy = workshop.file("copy");
    mkdirSync(copy);
    const before = read();
    for (const name of filesOf(folder, "")) copyFileSync(join(folder, name), join(copy, name));
    folder = copy;
    expect(read()).toEqual(before);
  });
});
