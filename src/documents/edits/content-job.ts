import type { PackedUpdates } from "../../relay/update/packed-updates.ts";
import type { RefusalCode } from "./content/edit-refused.ts";
import type { AskedKind, RootKind } from "./content/root-type.ts";
import type { Nesting } from "./content/shared-value.ts";

/** Reads the content of a document; the answer is the body of a response. */
export type ReadJob =
  /** JSON of a root, or of all roots if `root` is undefined. */
  | { readonly kind: "json"; readonly root?: string | undefined; readonly as?: RootKind | undefined }
  /** The characters of a text or of a tree of XML. */
  | { readonly kind: "text"; readonly root: string; readonly as?: RootKind | undefined }
  /** JSON: an object with the characters of each root that is a text or XML. */
  | { readonly kind: "texts" }
  /** JSON of a text with its formatting: the list of `Y.Text.toDelta`. */
  | { readonly kind: "delta"; readonly root: string }
  | { readonly kind: "xml"; readonly root: string }
  /** The whole document as one update, or what `stateVector` lacks. */
  | {
      readonly kind: "update";
      /** Yjs' V1 or V2. */
      readonly format: 1 | 2;
      readonly stateVector?: Uint8Array | undefined;
      /** Leaves out the content that was deleted. */
      readonly collected?: boolean | undefined;
    };

/** The defaults for the values of an edit that do not say otherwise. */
export interface EditDefaults {
  /** The type of roots that have no content yet. */
  readonly as?: AskedKind | undefined;
  readonly nesting?: Nesting | undefined;
}

/** Changes the content of a document. `body` is the JSON text of the request, in UTF-8. */
export type EditJob =
  | (EditDefaults & { readonly kind: "patch"; readonly body: Uint8Array; readonly maxOperations: number })
  /** Makes a root read as the JSON, or all roots that the object names if `root` is undefined. */
  | (EditDefaults & { readonly kind: "put"; readonly body: Uint8Array; readonly root?: string | undefined });

/** The clocks that the server has written into a document with one client id. */
export interface WrittenClocks {
  readonly client: number;
  /** The clock that follows the last one. */
  readonly end: number;
}

/** A job with the committed content of its document. */
export interface ContentTask {
  readonly content: PackedUpdates;
  /** A document that would take more memory than this, in bytes, is refused. */
  readonly maxDocBytes: number;
  readonly job: ReadJob | EditJob;
  /** For an edit: the client id to write with, if the document has exactly these clocks of it. */
  readonly written?: WrittenClocks | undefined;
}

export type ContentReply =
  | { readonly kind: "read"; readonly body: Uint8Array<ArrayBuffer> }
  | Edited
  /** The document reads as it shall already. */
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "refused";
      readonly code: RefusalCode;
      readonly message: string;
      readonly pointer: string | undefined;
    }
  | { readonly kind: "failed"; readonly message: string };

export interface Edited {
  readonly kind: "edited";
  /** A Yjs update, V1. */
  readonly update: Uint8Array<ArrayBuffer>;
  /** The client id of the update, and the clock that precedes it. */
  readonly client: number;
  readonly start: number;
  readonly end: number;
}
