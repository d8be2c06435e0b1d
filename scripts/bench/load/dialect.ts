import type { SentOpcode } from "./frames.ts";

/** The role of a server's message in the load; `status` is an acknowledgement that is not an update. */
export type MessageKind = "update" | "synced" | "awareness" | "status" | "other";

/** One wire protocol as its clients speak it: payloads of frames, without masks and headers. */
export interface Dialect {
  /** The path of the URL for a document. */
  path(document: string): string;
  /** The opcode of the client's frames. */
  readonly opcode: SentOpcode;
  /** The first messages of a client: they request the document. */
  hello(document: string): readonly Uint8Array[];
  /** False when the server does not answer the hello. */
  readonly syncs: boolean;
  /** True if each message names its document. */
  readonly namesDocument: boolean;
  update(document: string, update: Uint8Array): Uint8Array;
  /** The awareness message; `body` is the awareness update, without its length. */
  awareness(document: string, body: Uint8Array): Uint8Array;
  /** True if the server may merge several updates into one message. */
  readonly mergesUpdates: boolean;
  /** The offset of the update in a message of kind `update` that begins at `start`. The update ends with the message. */
  updateOffset(bytes: Uint8Array, start: number): number;
  /** The kind of a message. Only its first bytes are read. */
  kindOf(bytes: Uint8Array, start: number, length: number): MessageKind;
  /** The offset of the body's length in an awareness message. */
  awarenessOffset(document: string): number;
  /** The kind of message that acknowledges an update, once per update. */
  readonly acknowledgement: "update" | "status" | undefined;
}
