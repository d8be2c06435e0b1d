import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { FollowedUpdate, RowId } from "../../store.ts";
import type { BatchPlace } from "../documents/insert-batch.ts";
import type { PackedBatch } from "../documents/packed-batch.ts";

/** A committed batch as its node announces it to the others, which then need not read it. */
export interface AnnouncedBatch {
  readonly place: BatchPlace;
  readonly updates: readonly FollowedUpdate[];
}

/** Nodes of other releases may write another format. */
const format = 1;

/** `rows` are those of the updates, in the order of the batch. */
export function encodeBatch({ number, writer }: BatchPlace, batch: PackedBatch, rows: readonly RowId[]): Uint8Array {
  const { bytes, documents, lengths, starts, users } = batch;
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, format);
    encoding.writeVarUint(encoder, writer);
    encoding.writeVarUint(encoder, number);
    encoding.writeVarUint(encoder, documents.length);
    let before: RowId = 0;
    for (const [index, document] of documents.entries()) {
      const [row = 0, start = 1, length = 0] = [rows[index], starts[index], lengths[index]];
      encoding.writeVarUint(encoder, row - before);
      encoding.writeVarString(encoder, document);
      const user = users[index];
      encoding.writeUint8(encoder, typeof user === "string" ? 1 : 0);
      if (typeof user === "string") encoding.writeVarString(encoder, user);
      encoding.writeVarUint8Array(encoder, bytes.subarray(start - 1, start - 1 + length));
      before = row;
    }
  });
}

/** Decodes what `encodeBatch` has returned, several times or once. Throws for other bytes. The updates are copies. */
export function decodeBatches(bytes: Uint8Array): readonly AnnouncedBatch[] {
  const decoder = decoding.createDecoder(bytes);
  const batches: AnnouncedBatch[] = [];
  while (decoding.hasContent(decoder)) batches.push(readBatch(decoder));
  return batches;
}

function readBatch(decoder: decoding.Decoder): AnnouncedBatch {
  if (decoding.readVarUint(decoder) !== format) throw new Error("The batch has another format.");
  const place = { writer: decoding.readVarUint(decoder), number: decoding.readVarUint(decoder) };
  const count = decoding.readVarUint(decoder);
  const updates: FollowedUpdate[] = [];
  let row: RowId = 0;
  for (let index = 0; index < count; index += 1) {
    row += decoding.readVarUint(decoder);
    const document = decoding.readVarString(decoder);
    const user = decoding.readUint8(decoder) === 1 ? decoding.readVarString(decoder) : undefined;
    // A view of some bytes, kept for a member that is behind, would keep the whole notification.
    updates.push({ document, row, update: decoding.readVarUint8Array(decoder).slice(), user });
  }
  return { place, updates };
}
