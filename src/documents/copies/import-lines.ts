import type { Clock } from "../../lib/time/clock.ts";
import { nextTurn } from "../../lib/time/next-turn.ts";
import { DocumentDeleted } from "../../relay/document/document-deleted.ts";
import type { WriteOutcome } from "../../relay/server-updates/write-update.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import { documentLinesVersion, readDocumentLine } from "../../storage/document-lines.ts";
import { noLaterThan, sequenceOf } from "../../storage/history/history-parts.ts";
import type { HistoryPart, HistoryStore } from "../../storage/history/history-store.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Documents } from "../documents.ts";
import type { KeepVersion } from "../history/keep-version.ts";
import type { UpdateMerger } from "../states/update-merger.ts";

export interface ImportOptions {
  readonly documents: Pick<Documents, "info" | "write">;
  readonly merger: UpdateMerger;
  /** Whether the sender may write the document with this name. A rejection ends the import. */
  readonly isAllowed: (document: string) => Promise<boolean>;
  /** Whether documents that exist are left as they are, or get the updates of the export. */
  readonly existing: "skip" | "merge";
  /** The user id that is stored with what is written. */
  readonly user: string | undefined;
  /** Takes the histories of new documents; undefined if they are left out. */
  readonly history?: Pick<HistoryStore, "addPart" | "expectParts"> | undefined;
  /** Whether the document with this name has a history. */
  readonly keepsHistory: (document: string) => boolean;
  /** Called before a document that exists gets the updates of the export. */
  readonly keepVersion?: KeepVersion | undefined;
  readonly clock: Pick<Clock, "now">;
  /** The most bytes of the updates of one document. */
  readonly maxDocumentBytes: number;
  /** The most bytes of a name. */
  readonly nameBytes: number;
}

export type RefusalReason = "forbidden" | "invalid-name" | "malformed-update" | "too-large" | "deleted";

export interface ImportResult {
  readonly created: number;
  /** Documents that existed and were changed. */
  readonly merged: number;
  /** Documents that existed and were left as they are, and empty ones. */
  readonly skipped: number;
  /** New documents that have their history. */
  readonly histories: number;
  readonly refusedCount: number;
  /** The first of the refused documents. */
  readonly refused: readonly { readonly name: string; readonly reason: RefusalReason }[];
}

/** The lines are not those of an export. */
export class ImportMalformed extends Error {
  /** Whether the line is JSON at least. */
  readonly isJson: boolean;

  constructor(message: string, isJson = true) {
    super(message);
    this.name = "ImportMalformed";
    this.isJson = isJson;
  }
}

/** Refusals that are listed; the others are only counted. */
const maxListed = 100;
/** Counted for each update beside its bytes, so that the number of updates is bounded too. */
const updateOverheadBytes = 16;
/** The lines after which other work of the server has its turn: a few milliseconds. */
const linesInTurn = 1_000;

/**
 * Writes the documents of an export, as `document-lines.ts` describes it, each with one update: it is there completely, or
 * not at all; its history follows, part by part. Rejects with `ImportMalformed` at the first line that is none of an export;
 * the documents before it stay. It can be repeated.
 */
export async function importLines(lines: AsyncIterable<string>, options: ImportOptions): Promise<ImportResult> {
  const import_ = new Import(options);
  let count = 0;
  for await (const line of lines) {
    await import_.take(line);
    count += 1;
    if (count % linesInTurn === 0) await nextTurn();
  }
  return import_.result();
}

/** A document whose history is taken. */
interface RecordedDocument {
  readonly name: string;
  readonly historyUntil: number;
  /** Tells it from a later document of the same name. */
  readonly createdAt: number;
}

interface OpenDocument {
  readonly name: string;
  /** As `DocumentLine`. */
  readonly historyUntil: number | undefined;
  readonly updates: Uint8Array[];
  bytes: number;
}

class Import {
  readonly #options: ImportOptions;
  readonly #counts = { created: 0, merged: 0, skipped: 0, histories: 0 };
  readonly #refused: ImportResult["refused"][number][] = [];
  #refusedCount = 0;
  #lines = 0;
  #documents = 0;
  #open: OpenDocument | undefined;
  /** The document that was written last, if its history is taken. */
  #recorded: RecordedDocument | undefined;
  #hasEnded = false;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  async take(text: string): Promise<void> {
    this.#lines += 1;
    const line = readDocumentLine(text);
    if (line === undefined) throw this.#malformed("is not a line of an export", isJson(text));
    if (this.#lines === 1 && line.kind !== "format") throw this.#malformed("is not the first line of an export");
    if (this.#hasEnded) throw this.#malformed("follows the last line of the export");
    switch (line.kind) {
      case "format":
        if (line.version === documentLinesVersion) return;
        throw this.#malformed(`has version ${line.version} of the format, which a newer release of Yurt reads`);
      case "document":
        await this.#finish();
        this.#documents += 1;
        this.#recorded = undefined;
        this.#open = { name: line.name, historyUntil: line.historyUntil, updates: [], bytes: 0 };
        return;
      case "update":
        this.#add(line.update);
        return;
      case "history":
        await this.#finish();
        await this.#addHistory(line.part);
        return;
      case "end":
        await this.#finish();
        this.#hasEnded = true;
        if (line.documents === this.#documents) return;
        throw this.#malformed(`says that there are ${line.documents} documents, not ${this.#documents}`);
      case "other":
    }
  }

  result(): ImportResult {
    if (!this.#hasEnded) throw this.#malformed("is not the last one of an export: it was cut short");
    return { ...this.#counts, refusedCount: this.#refusedCount, refused: this.#refused };
  }

  #add(update: Uint8Array): void {
    if (this.#open === undefined) throw this.#malformed("is an update of no document");
    this.#open.bytes += updateOverheadBytes + update.byteLength;
    // A document that will be refused takes no memory.
    if (this.#open.bytes <= this.#options.maxDocumentBytes) this.#open.updates.push(update);
    else this.#open.updates.length = 0;
  }

  async #addHistory(part: HistoryPart): Promise<void> {
    if (this.#recorded === undefined) return;
    const { createdAt, historyUntil, name } = this.#recorded;
    if (sequenceOf(part) > historyUntil) return;
    const { clock, history } = this.#options;
    await history?.addPart(name, noLaterThan(clock.now(), part), createdAt);
  }

  async #finish(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    const reason = await this.#write(open);
    if (reason === undefined) return;
    this.#refusedCount += 1;
    if (this.#refused.length < maxListed) this.#refused.push({ name: open.name, reason });
  }

  /** Returns why a document is refused; undefined if it is not. */
  async #write(open: OpenDocument): Promise<RefusalReason | undefined> {
    const { bytes, name, updates } = open;
    const { isAllowed, maxDocumentBytes, nameBytes } = this.#options;
    if (checkRoomName(name, nameBytes) !== undefined) return "invalid-name";
    if (!(await isAllowed(name))) return "forbidden";
    if (bytes > maxDocumentBytes) return "too-large";
    try {
      return await this.#writeNew(open, await this.#merged(updates));
    } catch (error) {
      if (error instanceof DocumentDeleted) return "deleted";
      if (error instanceof SessionError && error.reason === closeReasons.malformedFrame) return "malformed-update";
      throw error;
    }
  }

  /** Rejects with `SessionError`. */
  async #merged(updates: readonly Uint8Array[]): Promise<Uint8Array> {
    try {
      return await this.#options.merger.merge({ updates, format: 1 });
    } catch (error) {
      if (error instanceof SessionError) throw error;
      throw new SessionError(closeReasons.malformedFrame, "an update of the import cannot be decoded");
    }
  }

  async #writeNew(open: OpenDocument, update: Uint8Array): Promise<RefusalReason | undefined> {
    const { documents, existing, keepVersion, user } = this.#options;
    const { historyUntil, name: document } = open;
    const history = this.#options.keepsHistory(document) ? this.#options.history : undefined;
    if (historyUntil !== undefined) await history?.expectParts(historyUntil);
    const outcome = await documents.write({ document, update, user, condition: (sequence) => sequence === 0 });
    if (outcome.kind === "written" && outcome.isChanged && historyUntil !== undefined && history !== undefined) {
      await this.#takeHistory({ name: document, historyUntil });
    }
    if (outcome.kind !== "refused") return this.#counted(outcome, "created");
    if (existing === "skip") {
      this.#counts.skipped += 1;
      return undefined;
    }
    await keepVersion?.(document);
    return this.#counted(await documents.write({ document, update, user }), "merged");
  }

  async #takeHistory({ historyUntil, name }: Omit<RecordedDocument, "createdAt">): Promise<void> {
    const createdAt = (await this.#options.documents.info(name))?.createdAt;
    // It may have been purged by now.
    if (createdAt === undefined) return;
    this.#recorded = { name, historyUntil, createdAt };
    this.#counts.histories += 1;
  }

  #counted(outcome: WriteOutcome, change: "created" | "merged"): RefusalReason | undefined {
    if (outcome.kind === "too-large") return outcome.kind;
    const isChanged = outcome.kind === "written" && outcome.isChanged;
    this.#counts[isChanged ? change : "skipped"] += 1;
    return undefined;
  }

  #malformed(problem: string, isJson = true): ImportMalformed {
    const done = `The ${this.#documents} documents before it were read.`;
    return new ImportMalformed(`Line ${this.#lines} ${problem}. ${done}`, isJson);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
