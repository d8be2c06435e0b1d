import type { SQL } from "bun";
import type { ChangeKind } from "../../store.ts";
import { type BatchPlace, insertWriter } from "../documents/insert-batch.ts";

/**
 * The batches of a node that tell the others of changes which are no updates: a second writer, since the first one's
 * batches are numbered before they are sent.
 */
export class ChangeStream {
  readonly #registered: (writer: number) => void;
  #writer: number | undefined;

  /** The largest number that it has given. */
  #last = 0;

  /** `registered` is called with each writer that it has, before others can see it. */
  constructor(registered: (writer: number) => void) {
    this.#registered = registered;
  }

  /**
   * Records that a document was changed, as the last statement of the transaction: the node's other transactions of this
   * kind wait for its commit.
   */
  async record(document: string, kind: ChangeKind, transaction: SQL): Promise<void> {
    const { number, writer } = (await this.#takePlace(transaction)) ?? (await this.#register(transaction, 1));
    await transaction`
      INSERT INTO yurt_changes (writer, batch, document, kind)
      VALUES (${writer}::bigint, ${number}::bigint, ${document}, ${kind})`;
  }

  /**
   * The place of the next batch, which `insertBatch` takes in this transaction. The node's other transactions of this kind
   * wait for its commit.
   */
  async nextPlace(transaction: SQL): Promise<BatchPlace> {
    const writer = this.#writer;
    const [found] =
      writer === undefined
        ? []
        : await transaction<{ readonly head: number }[]>`
            SELECT head::float8 FROM yurt_writers WHERE id = ${writer}::bigint FOR UPDATE`;
    const number = (found?.head ?? 0) + 1;
    if (writer === undefined || number <= this.#last) {
      const { writer: registered } = await this.#register(transaction, 0);
      return { writer: registered, number: 1 };
    }
    this.#last = number;
    return { writer, number };
  }

  /**
   * Undefined without a writer that the transaction can see: the one that has inserted it may not be committed, or was rolled
   * back. And undefined when the number was given before, which was rolled back as well, or is lost.
   */
  async #takePlace(transaction: SQL): Promise<BatchPlace | undefined> {
    const writer = this.#writer;
    if (writer === undefined) return undefined;
    const [moved] = await transaction<{ readonly head: number }[]>`
      UPDATE yurt_writers SET head = head + 1, beat = now() WHERE id = ${writer}::bigint RETURNING head::float8`;
    // After a loss of the database, other nodes have read other changes with these numbers.
    if (moved === undefined || moved.head <= this.#last) return undefined;
    this.#last = moved.head;
    return { writer, number: moved.head };
  }

  async #register(transaction: SQL, head: number): Promise<BatchPlace> {
    const place = { writer: await insertWriter(transaction, head), number: 1 };
    this.#writer = place.writer;
    this.#last = 1;
    this.#registered(place.writer);
    return place;
  }
}
