import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { IdSet } from "./id-set.ts";
import { readEnd, readUint } from "./strict-decoding.ts";
import { writeIdSet } from "./trim-update.ts";
import type { UpdateContents } from "./update-contents.ts";
import { readIdSet } from "./update-reader.ts";

/**
 * The facts about a base that opening its document needs. They are stored beside the base, because reading them from
 * the base itself blocks the event loop for 14 ms per megabyte of keystrokes.
 */
export interface BaseSummary {
  /** The clocks of the base's structs. */
  readonly structs: IdSet;
  /** The length of the base's structs in bytes; its deletes follow them. */
  readonly structBytes: number;
}

const version = 1;

export function encodeSummary({ structs, structBytes }: Pick<UpdateContents, "structs" | "structBytes">): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, version);
    encoding.writeVarUint(encoder, structBytes);
    writeIdSet(encoder, structs);
  });
}

/** Undefined for a summary that another release has written. */
export function decodeSummary(summary: Uint8Array): BaseSummary | undefined {
  try {
    const decoder = decoding.createDecoder(summary);
    if (readUint(decoder) !== version) return undefined;
    const structBytes = readUint(decoder);
    const structs = new IdSet();
    readIdSet(decoder, (client, start, end) => structs.add(client, start, end));
    readEnd(decoder);
    return { structs, structBytes };
  } catch {
    return undefined;
  }
}

/** The deletes of a base with this summary. Throws for bytes that Yjs does not write. */
export function readBaseDeletes(base: Uint8Array, { structBytes }: BaseSummary): IdSet {
  const deletes = new IdSet();
  const decoder = decoding.createDecoder(base.subarray(structBytes));
  readIdSet(decoder, (client, start, end) => deletes.add(client, start, end));
  readEnd(decoder);
  return deletes;
}
