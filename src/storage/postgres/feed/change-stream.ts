import type { SQL } from "bun";
import type { RowId } from "../../store.ts";
import { insertWriter } from "../documents/insert-batch.ts";

/**
 * The batches of a node that tell the others of changes which are no updates: a second writer, since the first one's
 * batches are numbered before they are sent.
 */
export class ChangeStream {
  #writer: number | undefined;

  /** Undefined until the first change. */
  get writer(): number | undefined {
    return this.#writer;
  }

  /**
   * Records that a document was changed, as the last statement of the transaction: the node's other transactions of this
   * kind wait for its commit.
   */
  async record(document: string, transaction: SQL): Promise<void> {
    const head = this.#writer === undefined ? undefined : await moveHead(this.#writer, transaction);
    // The row is gone if the transaction that has inserted it was rolled back.
    if (head === undefined) this.#writer = await insertWriter(transaction, 1);
    await transaction`
      INSERT INTO yurt_changes (writer, batch, document)
      VALUES (${this.#writer ?? 0}::bigint, ${head ?? 1}::bigint, ${document})`;
  }
}

async function moveHead(writer: number, transaction: SQL): Promise<RowId | undefined> {
  const [moved] = await transaction<{ readonly head: number }[]>`
    UPDATE yurt_writers SET head = head + 1, beat = now() WHERE id = ${writer}::bigint RETURNING head::float8`;
  return moved?.head;
}
