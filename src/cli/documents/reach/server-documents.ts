import { YurtClient } from "../../../client/client.ts";
import type { Document } from "../../../client/document.ts";
import { YurtError } from "../../../client/errors.ts";
import type { ServerOfFolder } from "../../../composition/api/server-of-folder.ts";
import { linesIn } from "../../../documents/copies/lines-in.ts";
import type { ShownDocument } from "../../../documents/document-schemas.ts";
import type { Addition } from "../../../relay/import/prepare-import.ts";
import {
  documentLine,
  documentWithHistoryLine,
  endLine,
  formatLine,
  historyLine,
  readDocumentLine,
  updateLine,
} from "../../../storage/document-lines.ts";
import type { Moment } from "../../../storage/history/history-store.ts";
import type { SourceHistory } from "../../../storage/source.ts";
import type { StoredDocument } from "../../../storage/store.ts";
import type { ReachedDocuments, RestoreOrder, RestoreOutcome, Selection } from "./reached-documents.ts";

const pageSize = 500;

/** The documents of a running server, through its API. */
export class ServerDocuments implements ReachedDocuments {
  readonly serverUrl: string;
  readonly #client: YurtClient;
  readonly #server: ServerOfFolder;

  constructor(server: ServerOfFolder) {
    this.#server = server;
    this.serverUrl = server.url;
    this.#client = new YurtClient({ url: server.url, token: server.key, fetch: fetchLocally });
  }

  async *pages({ isDeleted: deleted, prefix }: Selection): AsyncGenerator<readonly ShownDocument[]> {
    let after: string | undefined;
    do {
      const page = await this.#client
        .page({ prefix: prefix || undefined, deleted, limit: pageSize, after })
        .catch(this.#explain);
      if (page.items.length > 0) yield page.items;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  info(name: string): Promise<ShownDocument | undefined> {
    return this.#client.document(name).info().catch(this.#explain);
  }

  async load(name: string): Promise<StoredDocument | undefined> {
    const log = { base: undefined, tail: [], quarantined: [], sequence: 0 };
    try {
      const update = await this.#client.document(name).readUpdate();
      return { ...log, base: { row: 0, update, summary: undefined } };
    } catch (error) {
      const code = error instanceof YurtError ? error.code : undefined;
      if (code === "not-found") return undefined;
      if (code === "document-deleted") return { ...log, deletedAt: 0 };
      return this.#explain(error);
    }
  }

  async readAt(name: string, moment: Moment): Promise<Uint8Array | "missing" | "unknown-moment"> {
    try {
      return await this.#client.document(name).history.readUpdate(given(moment));
    } catch (error) {
      return missingAt(error) ?? this.#explain(error);
    }
  }

  async *historyLines({ name }: Pick<ShownDocument, "name" | "sequence">): AsyncGenerator<string> {
    const exported = await this.#client.document(name).export({ history: true }).catch(this.#explain);
    for await (const text of linesIn(exported, Number.POSITIVE_INFINITY)) {
      if (readDocumentLine(text)?.kind === "history") yield `${text}\n`;
    }
  }

  async add(name: string, { update }: Addition, history?: SourceHistory): Promise<void> {
    const lines = importedLines({ name, update, history });
    // A request whose body is bytes can be repeated.
    const body = history === undefined ? Buffer.from([...lines].join("")) : streamOf(lines);
    const { refused } = await this.#client.import(body, { existing: "merge" }).catch(this.#explain);
    const [{ reason } = {}] = refused;
    if (reason !== undefined) throw new Error(`The server at ${this.serverUrl} refused the request (${reason}).`);
  }

  /** The server answers when it is on disk. */
  async durable(): Promise<void> {}

  async create(name: string, update: Uint8Array): Promise<boolean> {
    try {
      return await this.#client.document(name).create(update);
    } catch (error) {
      if (error instanceof YurtError && error.code === "document-deleted") return false;
      return this.#explain(error);
    }
  }

  async restore(name: string, { isDry, moment }: RestoreOrder): Promise<RestoreOutcome> {
    const { history } = this.#client.document(name);
    try {
      const { changed } = await (isDry ? history.tryRestore(given(moment)) : history.restore(given(moment)));
      return changed ? "restored" : "unchanged";
    } catch (error) {
      return missingAt(error) ?? this.#explain(error);
    }
  }

  delete(name: string): Promise<boolean> {
    return this.#find(name, (document) => document.delete());
  }

  undelete(name: string): Promise<boolean> {
    return this.#find(name, (document) => document.undelete());
  }

  /** The server does it with the purge. */
  async preparePurge(): Promise<void> {}

  purge(name: string): Promise<boolean> {
    return this.#find(name, (document) => document.purge());
  }

  async close(): Promise<void> {
    this.#server.close();
  }

  /** Resolves with false for a document that does not exist. */
  async #find(name: string, task: (document: Document) => Promise<unknown>): Promise<boolean> {
    try {
      await task(this.#client.document(name));
      return true;
    } catch (error) {
      if (error instanceof YurtError && error.code === "not-found") return false;
      return this.#explain(error);
    }
  }

  readonly #explain = (error: unknown): never => {
    const { serverUrl } = this;
    if (error instanceof YurtError)
      throw new Error(`The server at ${serverUrl} refused the request (${error.code}): ${error.message}`, {
        cause: error,
      });
    const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    throw new Error(
      `The server of this data folder does not answer at ${serverUrl}: ${reason}. ` +
        "Run the command on its machine, in its container if it has one.",
      { cause: error },
    );
  };
}

interface Imported {
  readonly name: string;
  readonly update: Uint8Array;
  readonly history: SourceHistory | undefined;
}

function* importedLines({ history, name, update }: Imported): Generator<string> {
  yield formatLine();
  yield history === undefined ? documentLine({ name }) : documentWithHistoryLine({ name, sequence: history.until });
  yield updateLine(update);
  for (const part of history?.parts ?? []) yield historyLine(part);
  yield endLine(1);
}

function streamOf(lines: Iterator<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => {
      const { done, value } = lines.next();
      if (done === true) controller.close();
      else controller.enqueue(Buffer.from(value));
    },
  });
}

function given(moment: Moment): number | Date {
  return "at" in moment ? new Date(moment.at) : moment.sequence;
}

/** Undefined for another error. */
function missingAt(error: unknown): "missing" | "unknown-moment" | undefined {
  const code = error instanceof YurtError ? error.code : undefined;
  if (code === "not-found" || code === "document-deleted") return "missing";
  return code === "moment-unknown" ? "unknown-moment" : undefined;
}

/** A proxy of the environment is for other machines; the certificate is for the public name. */
function fetchLocally(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, {
    ...init,
    proxy: false,
    redirect: "manual",
    tls: { rejectUnauthorized: false },
  } as BunFetchRequestInit);
}
