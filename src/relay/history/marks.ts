import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { RowId } from "../../storage/store.ts";

/** The clocks from `clock` on, so many. */
export interface MarkedRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

/** One change of a document as it was integrated: the updates that one user has sent within one second. */
export interface Mark {
  /** The row of the last of these updates. */
  readonly row: RowId;
  /** The second in which they were appended, in epoch seconds; 0 if unknown. */
  readonly second: number;
  readonly user: string | undefined;
  readonly inserted: readonly MarkedRange[];
  readonly deleted: readonly MarkedRange[];
}

const version = 1;
const columnCount = 9;

/**
 * Encodes marks in columns, which compress to a third of rows. All numbers are differences to the mark before, or to the
 * clocks of the same client before.
 */
export function encodeMarks(marks: readonly Mark[]): Uint8Array {
  const users = new Numbers<string>();
  const clients = new Numbers<number>();
  const columns = Array.from({ length: columnCount }, encoding.createEncoder);
  const [rows, seconds, senders, insertCounts, inserters, inserts, deleteCounts, deleters, deletes] =
    columns as ColumnsOf<encoding.Encoder>;
  const inserted = new Map<number, number>();
  const deleted = new Map<number, number>();
  let row = 0;
  let second = 0;
  for (const mark of marks) {
    encoding.writeVarUint(rows, mark.row - row);
    encoding.writeVarInt(seconds, mark.second - second);
    [row, second] = [mark.row, mark.second];
    encoding.writeVarUint(senders, mark.user === undefined ? 0 : 1 + users.of(mark.user));
    encoding.writeVarUint(insertCounts, mark.inserted.length);
    for (const { client, clock, length } of mark.inserted) {
      encoding.writeVarUint(inserters, clients.of(client));
      encoding.writeVarInt(inserts, clock - (inserted.get(client) ?? 0));
      encoding.writeVarUint(inserts, length);
      inserted.set(client, clock + length);
    }
    encoding.writeVarUint(deleteCounts, mark.deleted.length);
    for (const { client, clock, length } of mark.deleted) {
      encoding.writeVarUint(deleters, clients.of(client));
      // Text is mostly deleted backwards.
      encoding.writeVarInt(deletes, clock + length - (deleted.get(client) ?? 0));
      encoding.writeVarUint(deletes, length);
      deleted.set(client, clock);
    }
  }
  return encoding.encode((encoder) => {
    encoding.writeUint8(encoder, version);
    encoding.writeVarUint(encoder, marks.length);
    encoding.writeVarUint(encoder, users.values.length);
    for (const user of users.values) encoding.writeVarString(encoder, user);
    encoding.writeVarUint(encoder, clients.values.length);
    for (const client of clients.values) encoding.writeVarUint(encoder, client);
    for (const column of columns) encoding.writeVarUint8Array(encoder, encoding.toUint8Array(column));
  });
}

/** Decodes what `encodeMarks` returns. Throws for other bytes. */
export function decodeMarks(bytes: Uint8Array): Mark[] {
  const decoder = decoding.createDecoder(bytes);
  if (decoding.readUint8(decoder) !== version) throw new Error("The marks of the history have an unknown version.");
  const count = decoding.readVarUint(decoder);
  const list = <Value>(read: (decoder: decoding.Decoder) => Value) =>
    Array.from({ length: decoding.readVarUint(decoder) }, () => read(decoder));
  const users = list(decoding.readVarString);
  const clients = list(decoding.readVarUint);
  const columns = Array.from({ length: columnCount }, () =>
    decoding.createDecoder(decoding.readVarUint8Array(decoder)),
  );
  const [rows, seconds, senders, insertCounts, inserters, inserts, deleteCounts, deleters, deletes] =
    columns as ColumnsOf<decoding.Decoder>;
  const inserted = new Map<number, number>();
  const deleted = new Map<number, number>();
  let row = 0;
  let second = 0;
  const readInserted = (): MarkedRange => {
    const client = clients[decoding.readVarUint(inserters)] ?? 0;
    const clock = decoding.readVarInt(inserts) + (inserted.get(client) ?? 0);
    const length = decoding.readVarUint(inserts);
    inserted.set(client, clock + length);
    return { client, clock, length };
  };
  const readDeleted = (): MarkedRange => {
    const client = clients[decoding.readVarUint(deleters)] ?? 0;
    const end = decoding.readVarInt(deletes) + (deleted.get(client) ?? 0);
    const length = decoding.readVarUint(deletes);
    deleted.set(client, end - length);
    return { client, clock: end - length, length };
  };
  return Array.from({ length: count }, () => {
    row += decoding.readVarUint(rows);
    second += decoding.readVarInt(seconds);
    const sender = decoding.readVarUint(senders);
    return {
      row,
      second,
      user: sender === 0 ? undefined : users[sender - 1],
      inserted: Array.from({ length: decoding.readVarUint(insertCounts) }, readInserted),
      deleted: Array.from({ length: decoding.readVarUint(deleteCounts) }, readDeleted),
    };
  });
}

/** Columns of one kind, in the order in which they are encoded. */
type ColumnsOf<Column> = [Column, Column, Column, Column, Column, Column, Column, Column, Column];

/** Numbers values in the order in which they first occur. */
class Numbers<Value> {
  readonly values: Value[] = [];
  readonly #numbers = new Map<Value, number>();

  of(value: Value): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    this.#numbers.set(value, this.values.length);
    this.values.push(value);
    return this.values.length - 1;
  }
}
