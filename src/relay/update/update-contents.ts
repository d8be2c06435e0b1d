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

/** What a Yjs update brings. */
export interface UpdateContents extends ContentIds {
  readonly kind: "contents";
  /** How many of the update's bytes are its structs; its deletes follow. */
  readonly structBytes: number;
  /** Neither structs nor deletes: it changes nothing. */
  readonly isEmpty: boolean;
}

export interface Malformed {
  readonly kind: "malformed";
  /** For the log; it never quotes content. */
  readonly detail: string;
}

/** Refuses what does not decode completely (V1), and what decodes but is not as Yjs writes it. */
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
    return { kind: "malformed", detail: error instanceof DecodeError ? error.message : "it does not decode" };
  }
}

/** As `decodeContents`, but throws `DecodeError` for a malformed update. */
export function contentsOf(update: Uint8Array): UpdateContents {
  const contents = decodeContents(update);
  if (contents.kind === "malformed") throw new DecodeError(`malformed Yjs update: ${contents.detail}`);
  return contents;
}
