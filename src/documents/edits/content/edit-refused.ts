/** The reason why a request for the content of a document is refused. Clients depend on these codes. */
export type RefusalCode =
  /** The body is no JSON, or nests too deep. */
  | "malformed-json"
  /** The body is JSON of another form: no list of patch operations, or nothing that can be the content of a document. */
  | "invalid-request"
  /** A JSON Pointer breaks RFC 6901. */
  | "malformed-pointer"
  /** The document has no content under the root that is to be read. */
  | "root-not-found"
  /** A path leads to nothing. */
  | "path-not-found"
  /** The document has no content under this root, and the request does not say what the root is. */
  | "root-type-unknown"
  /** The root has content of another kind. */
  | "root-type-mismatch"
  /** JSON cannot express the content that would be replaced: XML, formatted text, subdocuments. */
  | "not-expressible"
  /** An operation does not fit the value to which it is applied. */
  | "wrong-value"
  /** A position is outside a text or an array, or inside a character. */
  | "out-of-range"
  /** The `test` operation has failed. */
  | "test-failed"
  /** The text to be replaced does not occur, or occurs more than once. */
  | "text-not-unique"
  /** The document has updates that wait for others, so its content is not complete. */
  | "pending-updates"
  /** The document takes too much memory to be opened. */
  | "document-too-complex";

/**
 * A request for the content of a document that is refused, and has changed nothing. The message may name keys of the
 * request, and quotes no content of the document.
 */
export class EditRefused extends Error {
  readonly code: RefusalCode;
  /** A JSON Pointer to the part of the request's body that is at fault; undefined if it is none. */
  readonly pointer: string | undefined;

  constructor(code: RefusalCode, message: string, pointer?: string) {
    super(message);
    this.name = "EditRefused";
    this.code = code;
    this.pointer = pointer;
  }
}
