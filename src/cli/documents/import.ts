import { openSource } from "../../composition/open-source.ts";
import { mebibyte } from "../../config/limit.ts";
import { type Prepared, prepareImport } from "../../relay/import/prepare-import.ts";
import { type DocumentSource, type SourceDocument, SourceError, sourceFormats } from "../../storage/source.ts";
import { StoreError } from "../../storage/store.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { type Offline, withDataFolder } from "../offline.ts";
import { formatName, formatThings, ignoreReaderGone, print } from "../output/print.ts";
import { type ListColumn, type Row, RowWriter } from "../output/records.ts";
import type { ReachedDocuments } from "./reach/reached-documents.ts";
import { reachIfPresent, reachOrCreate } from "./reach/with-documents.ts";

type Key = "updates" | "bytes" | "outcome" | "name";

const columns: readonly ListColumn<Key>[] = [
  { key: "updates", title: "UPDATES", kind: "count" },
  { key: "bytes", title: "ADDED", kind: "bytes" },
  { key: "outcome", title: "OUTCOME", kind: "word" },
  { key: "name", title: "NAME", kind: "name" },
];

/** Documents are synced in groups: a sync takes milliseconds, and unsynced additions stay in memory. */
const syncedDocuments = 100;
const syncedBytes = 16 * mebibyte;

/**
 * Imports an export, or the documents of another server, and prints the outcome for each. A document that cannot be imported is named,
 * and the others are imported. With `--dry-run` everything is read and checked, and nothing is written.
 */
export async function importDocuments(input: CommandInput): Promise<number> {
  const [path = ""] = input.operands;
  return withDataFolder(input, async (offline) => {
    // An invalid source must not leave a new data folder behind.
    const source = openSource(path, { format: formatOf(input), updateBytes: 2 * offline.limits.documentBytes });
    const isDry = input.switches.has("dry-run");
    const present = await (isDry ? reachIfPresent(offline) : reachOrCreate(offline));
    try {
      const written = isDry ? undefined : present;
      return await new Import({ input, offline, source, present, written }).run();
    } finally {
      await present?.close();
    }
  });
}

function formatOf({ choices }: CommandInput) {
  const format = sourceFormats.find((known) => known === choices.get("from"));
  if (format === undefined) throw new Error(`There is no format ${choices.get("from")}.`);
  return format;
}

interface ImportOptions {
  readonly input: CommandInput;
  readonly offline: Offline;
  readonly source: DocumentSource;
  /** The documents that are compared with; undefined when there are none. */
  readonly present: ReachedDocuments | undefined;
  /** The documents that are added to; undefined in a dry run. */
  readonly written: ReachedDocuments | undefined;
}

class Import {
  readonly #options: ImportOptions;
  readonly #writer: RowWriter<Key>;
  readonly #counts = { new: 0, merged: 0, known: 0, empty: 0 };
  /** Counts documents that are not imported, or not completely. */
  #incomplete = 0;
  #isCutShort = false;
  /** The rows of documents that may not be on disk yet. */
  #rows: Row<Key>[] = [];
  #unsyncedBytes = 0;

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#writer = new RowWriter(options.input, columns);
  }

  async run(): Promise<number> {
    const { source, offline } = this.#options;
    try {
      for (const document of source.documents()) await this.#take(document);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      offline.complain(error.message);
      this.#isCutShort = true;
    }
    await this.#sync();
    for (const remark of source.remarks) offline.complain(remark);
    await this.#summarize();
    return this.#incomplete === 0 && !this.#isCutShort ? exitCodes.done : exitCodes.failed;
  }

  async #take(document: SourceDocument): Promise<void> {
    const { offline, present, written } = this.#options;
    const { limits, keepsDeleted } = offline;
    const prepared = await prepareImport(document, { store: present, limits, keepsDeleted });
    const name = formatName(document.name);
    if (prepared.kind === "refused") {
      this.#fail(`${name} is not imported: ${prepared.reason}.`);
      return;
    }
    if (prepared.addition !== undefined && written !== undefined) {
      await written.add(document.name, prepared.addition, document.history).catch((error: unknown) => {
        throw nameDamaged(error, name);
      });
    }
    if (prepared.leftOut > 0) this.#fail(describeLeftOut(name, prepared));
    await this.#report(document.name, prepared);
  }

  async #report(name: string, { kind, addition, count }: Prepared): Promise<void> {
    this.#counts[kind] += 1;
    const bytes = addition?.update.byteLength ?? 0;
    this.#rows.push({ updates: count, bytes, outcome: kind, name });
    this.#unsyncedBytes += bytes;
    if (this.#rows.length >= syncedDocuments || this.#unsyncedBytes >= syncedBytes) await this.#sync();
  }

  #fail(message: string): void {
    this.#incomplete += 1;
    this.#options.offline.complain(message);
  }

  /** Prints documents once they survive power loss. */
  async #sync(): Promise<void> {
    if (this.#unsyncedBytes > 0) await this.#options.written?.durable();
    await this.#writer.write(this.#rows).catch(ignoreReaderGone);
    this.#rows = [];
    this.#unsyncedBytes = 0;
  }

  async #summarize(): Promise<void> {
    const { input, offline, written } = this.#options;
    if (this.#incomplete > 0)
      offline.complain(`${formatThings(this.#incomplete, "document")} not imported, or not completely.`);
    if (!this.#writer.isTable) return;
    const { merged, known, empty } = this.#counts;
    const parts = [
      formatThings(this.#counts.new, "new document"),
      `${merged} merged with what was there`,
      `${known} known already`,
      ...(empty > 0 ? [`${empty} empty`] : []),
    ];
    const dry = written === undefined ? " Nothing was written." : "";
    await print(input.stdout, `\n${parts.join(", ")}.${dry}\n`).catch(ignoreReaderGone);
  }
}

function describeLeftOut(name: string, { leftOut, count, reason }: Prepared): string {
  return `${name}: of ${formatThings(count, "update")} ${leftOut} cannot be imported; the first: ${reason}.`;
}

/** Every other error concerns the whole store. */
function nameDamaged(error: unknown, name: string): unknown {
  if (!(error instanceof StoreError) || error.kind !== "corrupt") return error;
  return new Error(`${name} is not imported: ${error.message}. The import stopped there.`, { cause: error });
}
