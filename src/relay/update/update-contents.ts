import * as decoding from "lib0/decoding";
import { IdSet } from "./id-set.ts";
import { DecodeError } from "./strict-decoding.ts";
import { readUpdate } from "./update-reader.ts";

/** The clocks that one update, or several together, insert and delete. */
export interface ContentIds {
  /** The clocks of the structs. A Skip only marks a gap: its clocks are not included. */
  readonly structs: IdSet;
  /** The clocks of the deleted structs. */
  readonly deletes: IdSet;
}

/** The contents of a Yjs update, without the content itself. */
export interface UpdateContents extends ContentIds {
  readonly kind: "contents";
  /** The length of the update's structs in bytes; its deletes follow them. */
  readonly structBytes: number;
  /** Whether the update has neither structs nor deletes, so that it changes nothing. */
  readonly isEmpty: boolean;
}

export interface Malformed {
  readonly kind: "malformed";
  /** The reason, for the log; it never quotes content. */
  readonly detail: string;
}

/**
 * Decodes an update (V1) strictly: it is malformed when it does not decode completely, and also when it decodes but
 * is not written as Yjs writes it.
 */
export function decodeContents(update: Uint8Array): UpdateContents | Malformed {
  const structs = new IdSet();
  const deletes = new IdSet();
  try {
    const structBytes = readUpdate(decoding.createDecoder(update), {
      struct: (client, start, end) => structs.add(client, start, end),
      deletes: (client, start, end) => deletes.add(client, start, end),
    });
    return { kind: "contents", structs, deletes, structBytes, isEmpty: structs.isEmpty && deletes.isEmpty };
  } catch (error) {
    return { kind: "malformed", detail: error instanceof DecodeError ? error.message : "cannot be decoded" };
  }
}

/** As `decodeContents`, but throws `DecodeError` for a malformed update. */
export function contentsOf(update: Uint8Array): UpdateContents {
  const contents = decodeContents(update);
  if (contents.kind === "malformed") throw new DecodeError(`malformed Yjs update: ${contents.detail}`);
  return contents;
}
