import { ByteReader, Damage } from "./byte-reader.ts";
import { splitInternalKey } from "./entry.ts";

/** One table file. */
export interface TableFile {
  readonly number: number;
  readonly bytes: number;
  /** The first key of the table. */
  readonly firstKey: Uint8Array;
}

/** The files of which the database consists. */
export interface Version {
  readonly tables: readonly TableFile[];
  /** The content of logs with a lower number is in the tables. */
  readonly logNumber: number;
  /** A log with a lower number that is still live; 0 if there is none. */
  readonly previousLogNumber: number;
}

/** The changes of one record of the manifest. */
interface Edit {
  readonly logNumber?: number;
  readonly previousLogNumber?: number;
  readonly deleted: readonly number[];
  readonly added: readonly TableFile[];
}

/** leveldb/db/version_edit.cc */
const tags = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

/** The default comparator, which orders keys by their bytes. */
const bytewiseComparator = "leveldb.BytewiseComparator";

/** Applies the records of a manifest. Throws `Damage`. */
export function readVersion(records: Iterable<Uint8Array>): Version {
  const tables = new Map<number, TableFile>();
  let logNumber: number | undefined;
  let previousLogNumber = 0;
  for (const record of records) {
    const edit = readEdit(record);
    // A file that moves to another level is deleted and added by one edit.
    for (const number of edit.deleted) tables.delete(number);
    for (const table of edit.added) tables.set(table.number, table);
    logNumber = edit.logNumber ?? logNumber;
    previousLogNumber = edit.previousLogNumber ?? previousLogNumber;
  }
  if (logNumber === undefined) throw new Damage("missing log number");
  return { tables: [...tables.values()], logNumber, previousLogNumber };
}

function readEdit(record: Uint8Array): Edit {
  const reader = new ByteReader(record);
  const edit: { -readonly [Key in keyof Edit]: Edit[Key] } & { deleted: number[]; added: TableFile[] } = {
    deleted: [],
    added: [],
  };
  while (reader.remaining > 0) {
    const tag = reader.varint();
    switch (tag) {
      case tags.comparator:
        checkComparator(reader.lengthPrefixed());
        break;
      case tags.logNumber:
        edit.logNumber = reader.varint();
        break;
      case tags.previousLogNumber:
        edit.previousLogNumber = reader.varint();
        break;
      case tags.nextFileNumber:
      case tags.lastSequence:
        reader.varint();
        break;
      case tags.compactPointer:
        reader.varint();
        reader.lengthPrefixed();
        break;
      case tags.deletedFile:
        reader.varint();
        edit.deleted.push(reader.varint());
        break;
      case tags.newFile:
        edit.added.push(readNewFile(reader));
        break;
      default:
        throw new Damage("unknown field");
    }
  }
  return edit;
}

/** Reads a file's level, number, size, first and last key. */
function readNewFile(reader: ByteReader): TableFile {
  reader.varint();
  const number = reader.varint();
  const bytes = reader.varint();
  const firstKey = splitInternalKey(reader.lengthPrefixed()).key;
  reader.lengthPrefixed();
  return { number, bytes, firstKey };
}

function checkComparator(name: Uint8Array): void {
  if (new TextDecoder().decode(name) !== bytewiseComparator) throw new Damage("its comparator is not supported");
}
