import { type Digests, differingNames, digestDocuments, digestServer } from "./digests.ts";
import { contentBytes, partBytes, type Rows, type TableName } from "./tables.ts";
import { type Progress, TransferRefused, type TransferSource, type TransferTarget } from "./transfer-ends.ts";

/** The runtime lets the bytes of many large rows pile up: they are collected whenever so many have passed. */
const collectedBytes = 64 * 2 ** 20;

/** The documents that are looked for at once. */
const pageDocuments = 500;

/** The sums of the documents that were copied, or compared, since the transfer was resumed. */
export interface TransferSums {
  readonly documents: number;
  /** The bytes of updates, snapshots and marks. */
  readonly bytes: number;
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
}

export interface TransferListener {
  /** The documents of the source, and how many of them an earlier run has copied. */
  begins(all: number, copiedBefore: number): void;
  copied(sums: TransferSums): void;
  compared(sums: TransferSums): void;
  /** A document, a table of the server, or access control, is not the same in the target. */
  differs(name: string): void;
}

export interface TransferResult {
  /** The sums of the whole source, as they were compared. */
  readonly sums: TransferSums;
  readonly differing: number;
}

export interface TransferOptions {
  readonly source: TransferSource;
  readonly target: TransferTarget;
  readonly listener: TransferListener;
  /** Revocations that have ended by then are left out. Epoch milliseconds. */
  readonly now: number;
}

/**
 * Copies everything of a source into a target, and then reads both and compares them. An interrupted transfer is resumed by
 * the next call with the same source and target. The target is finished only if nothing differs.
 *
 * Rejects with `TransferRefused` or `StoreError`.
 */
export async function transfer(options: TransferOptions): Promise<TransferResult> {
  const { listener, now, source, target } = options;
  const identity = await source.identify();
  const progress = await target.begin(identity);
  const all = await source.countDocuments();
  listener.begins(all, await target.countDocuments());
  await copyDocuments(options, progress);
  if (!progress.hasServer) await target.writeServer(identity.lastRow, source.readServer());
  await target.addAccess(await source.readAccess(now));
  const result = await compare(options);
  const counted = await target.countDocuments();
  if (counted !== all)
    throw new TransferRefused(
      `The target has ${counted} documents, and the source ${all}. Something else has written to one of them. ` +
        "Empty the target, and begin again.",
    );
  if (result.differing === 0) await target.finish();
  return result;
}

async function copyDocuments({ listener, source, target }: TransferOptions, { after }: Progress): Promise<void> {
  const counter = new Counter();
  for await (const names of groupsOf(source, after)) {
    const last = names.at(-1);
    if (last !== undefined) await target.write(last, counter.counting(source.read(names)));
    counter.documents += names.length;
    listener.copied(counter.sums);
  }
}

async function compare({ listener, now, source, target }: TransferOptions): Promise<TransferResult> {
  const counter = new Counter();
  let differing = 0;
  const report = (name: string) => {
    differing += 1;
    listener.differs(name);
  };
  const compareDigests = (left: Digests, right: Digests) => differingNames(left, right).forEach(report);
  for await (const names of groupsOf(source, undefined)) {
    compareDigests(
      await digestDocuments(counter.counting(source.read(names))),
      await digestDocuments(target.read(names)),
    );
    counter.documents += names.length;
    listener.compared(counter.sums);
  }
  compareDigests(await digestServer(counter.counting(source.readServer())), await digestServer(target.readServer()));
  if (!Bun.deepEquals(await source.readAccess(now), await target.readAccess(now))) report("access control");
  return { sums: counter.sums, differing };
}

/** Groups of documents that are copied together. A large document is a group by itself. */
async function* groupsOf(source: TransferSource, after: string | undefined): AsyncGenerator<readonly string[]> {
  let group: string[] = [];
  let groupBytes = 0;
  let last = after;
  for (;;) {
    const page = await source.documents(last, pageDocuments);
    for (const { bytes, name } of page) {
      if (group.length > 0 && groupBytes + bytes > partBytes) {
        yield group;
        group = [];
        groupBytes = 0;
      }
      group.push(name);
      groupBytes += bytes;
    }
    last = page.at(-1)?.name;
    if (last !== undefined && group.length < pageDocuments) continue;
    if (group.length > 0) yield group;
    group = [];
    groupBytes = 0;
    if (last === undefined) return;
  }
}

class Counter {
  documents = 0;
  #bytes = 0;
  #collectedAt = 0;
  readonly #rows: Partial<Record<TableName, number>> = {};

  get sums(): TransferSums {
    return { documents: this.documents, bytes: this.#bytes, rows: this.#rows };
  }

  /** Counts the rows that pass. */
  async *counting(parts: AsyncIterable<Rows>): AsyncGenerator<Rows> {
    for await (const part of parts) {
      this.#rows[part.table] = (this.#rows[part.table] ?? 0) + part.rows.length;
      for (const row of part.rows) this.#bytes += contentBytes(row);
      yield part;
      if (this.#bytes - this.#collectedAt < collectedBytes) continue;
      this.#collectedAt = this.#bytes;
      Bun.gc(true);
    }
  }
}
