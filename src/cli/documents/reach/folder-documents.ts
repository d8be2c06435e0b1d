import type { OpenedStore } from "../../../composition/open-store.ts";
import { type ShownDocument, showDocument } from "../../../documents/document-schemas.ts";
import type { Addition } from "../../../relay/import/prepare-import.ts";
import { storeAddition } from "../../../relay/import/store-addition.ts";
import type { Store, StoredDocument } from "../../../storage/store.ts";
import type { ReachedDocuments, RestoreOrder, RestoreOutcome, Selection } from "./reached-documents.ts";
import { restoreInFolder } from "./restore-in-folder.ts";

const pageSize = 1_000;

/** The documents of a folder that no server uses. */
export class FolderDocuments implements ReachedDocuments {
  readonly serverUrl = undefined;
  readonly #store: Store;
  readonly #opened: OpenedStore;

  constructor(opened: OpenedStore) {
    this.#opened = opened;
    this.#store = opened.store;
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

  add(name: string, addition: Addition): Promise<void> {
    return storeAddition(name, addition, this.#store);
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
