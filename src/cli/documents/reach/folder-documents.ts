import type { OpenedStore } from "../../../composition/open-store.ts";
import { historyLines } from "../../../documents/copies/export-lines.ts";
import { type ShownDocument, showDocument } from "../../../documents/document-schemas.ts";
import { type KeepVersion, versionsBeforeEdits } from "../../../documents/history/keep-version.ts";
import type { Addition } from "../../../relay/import/prepare-import.ts";
import { storeAddition } from "../../../relay/import/store-addition.ts";
import { noLaterThan, sequenceOf } from "../../../storage/history/history-parts.ts";
import type { Moment } from "../../../storage/history/history-store.ts";
import type { SourceHistory } from "../../../storage/source.ts";
import type { StoredDocument } from "../../../storage/store.ts";
import type { Offline } from "../../offline.ts";
import { readInFolder, restoreInFolder } from "./folder-history.ts";
import type { ReachedDocuments, RestoreOrder, RestoreOutcome, Selection } from "./reached-documents.ts";

const pageSize = 1_000;
/**
 * Servers learn of a deletion within milliseconds, and close the document: its last updates are stored by then. One that has
 * not heard of it looks once a second.
 */
const closingMs = 1_500;

/** The documents of a folder that no server uses, or of a database. */
export class FolderDocuments implements ReachedDocuments {
  readonly serverUrl = undefined;
  readonly #store: OpenedStore["store"];
  readonly #opened: OpenedStore;
  readonly #keepMs: Offline["historyKeepMs"];
  readonly #keepVersion: KeepVersion;

  constructor(opened: OpenedStore, { historyKeepMs }: Pick<Offline, "historyKeepMs">) {
    this.#opened = opened;
    this.#store = opened.store;
    this.#keepMs = historyKeepMs;
    this.#keepVersion = versionsBeforeEdits({ history: opened.store.history, keepMs: historyKeepMs });
  }

  async *pages({ isDeleted, prefix }: Selection): AsyncGenerator<readonly ShownDocument[]> {
    let after: string | undefined;
    for (;;) {
      const state = isDeleted ? "deleted" : "present";
      const page = await this.#store.list({ after, prefix, state, limit: pageSize });
      const last = page.at(-1);
      if (last === undefined) return;
      yield page.map(showDocument);
      after = last.name;
    }
  }

  async info(name: string): Promise<ShownDocument | undefined> {
    const info = await this.#store.info(name);
    return info && showDocument(info);
  }

  load(name: string): Promise<StoredDocument | undefined> {
    return this.#store.load(name);
  }

  readAt(name: string, moment: Moment): Promise<Uint8Array | "missing" | "unknown-moment"> {
    return readInFolder(name, moment, this.#store);
  }

  historyLines({ name, sequence }: Pick<ShownDocument, "name" | "sequence">): AsyncGenerator<string> {
    return historyLines({ name, sequence }, this.#store.history);
  }

  async add(name: string, addition: Addition, given?: SourceHistory): Promise<void> {
    const { history } = this.#store;
    const isNew = addition.log.length === 0;
    if (!isNew) await this.#keepVersion(name);
    const taken = isNew && this.#keepMs(name) > 0 ? given : undefined;
    if (taken !== undefined) await history.expectParts(taken.until);
    await storeAddition(name, addition, this.#store);
    for (const part of taken?.parts ?? []) {
      if (sequenceOf(part) <= (taken?.until ?? -1)) await history.addPart(name, noLaterThan(Date.now(), part));
    }
  }

  durable(): Promise<void> {
    return this.#store.durable();
  }

  async create(name: string, update: Uint8Array): Promise<boolean> {
    if ((await this.#store.info(name)) !== undefined) return false;
    await this.add(name, { update, log: [] });
    await this.durable();
    return true;
  }

  restore(name: string, order: RestoreOrder): Promise<RestoreOutcome> {
    return restoreInFolder(name, order, this.#store);
  }

  delete(name: string): Promise<boolean> {
    return this.#durably(this.#store.delete(name));
  }

  undelete(name: string): Promise<boolean> {
    return this.#durably(this.#store.undelete(name));
  }

  async preparePurge(names: Iterable<string>): Promise<void> {
    // No server uses a folder meanwhile.
    if (this.#store.follow === undefined) return;
    const since = Date.now() - closingMs;
    let mayBeOpen = false;
    for (const name of names) {
      const info = await this.#store.info(name);
      if (info === undefined) continue;
      mayBeOpen ||= (info.deletedAt ?? Number.POSITIVE_INFINITY) > since;
      await this.#store.delete(name);
    }
    if (mayBeOpen) await Bun.sleep(closingMs);
  }

  async purge(name: string): Promise<boolean> {
    const isFound = (await this.#store.info(name)) !== undefined;
    await this.#store.purge(name);
    // Also when it is not found: an earlier purge may have been interrupted before its scrub.
    await this.#store.scrub();
    return isFound;
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  async #durably(change: Promise<boolean>): Promise<boolean> {
    const isFound = await change;
    await this.#store.durable();
    return isFound;
  }
}
