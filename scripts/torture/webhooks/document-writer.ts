import * as Y from "yjs";
import type { Random } from "../../../test/support/bytes/random.ts";

/** Sends a request to the API. Rejects unless it is answered with success. */
export type Ask = (
  method: string,
  path: string,
  body?: Uint8Array | object,
) => Promise<Readonly<Record<string, unknown>>>;

/** One in this many requests deletes the document. */
const deletionOf = 25;

/** Writes, deletes and brings back one document over HTTP, and keeps what was acknowledged. */
export class DocumentWriter {
  readonly name: string;
  readonly #doc = new Y.Doc();
  readonly #random: Random;
  /** The sequence of the last update that was acknowledged. */
  acknowledged = 0;
  /** Events that have happened for certain, and those of requests that were not answered. */
  events = 0;
  uncertain = 0;
  /** Undefined after a request that was not answered. */
  #isDeleted: boolean | undefined = false;

  constructor(name: string, random: Random) {
    this.name = name;
    this.#random = random;
  }

  /** Makes one request. Rejects if it is not answered: its effect is unknown then. */
  async turn(ask: Ask): Promise<void> {
    const path = `/v1/docs/${this.name}`;
    const wasDeleted = await this.isDeleted(ask);
    const isFirst = this.acknowledged === 0;
    const isUpdate = isFirst || (!wasDeleted && this.#random.integer(deletionOf) > 0);
    this.#isDeleted = undefined;
    const isEvent = isFirst || !isUpdate;
    if (isEvent) this.uncertain += 1;
    if (isUpdate) {
      this.#doc.getText("text").insert(0, "x");
      // The whole document: an update before may have been lost.
      const { sequence } = await ask("POST", `${path}/update`, Y.encodeStateAsUpdate(this.#doc));
      this.acknowledged = Number(sequence);
    } else {
      await (wasDeleted ? ask("POST", `${path}/undelete`) : ask("DELETE", path));
    }
    this.#isDeleted = isUpdate ? wasDeleted : !wasDeleted;
    if (!isEvent) return;
    this.uncertain -= 1;
    this.events += 1;
  }

  async isDeleted(ask: Ask): Promise<boolean> {
    if (this.#isDeleted !== undefined) return this.#isDeleted;
    // A document that does not exist is not in the list.
    const { items } = await ask("GET", `/v1/docs?deleted=1&prefix=${this.name}&limit=500`);
    this.#isDeleted = [items].flat().some((item) => Object(item).name === this.name);
    return this.#isDeleted;
  }
}
