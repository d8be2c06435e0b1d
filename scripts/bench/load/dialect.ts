import type { SentOpcode } from "./frames.ts";

/** What a server's message is to the load; `status` is an acknowledgement that is no update. */
export type MessageKind = "update" | "synced" | "awareness" | "status" | "other";

/** How the clients of one wire protocol speak: payloads of frames, without their masks and headers. */
export interface Dialect {
  /** The URL's path for a document. */
  path(document: string): string;
  /** Of its frames. */
  readonly opcode: SentOpcode;
  /** What a client says first to be sent the document, and what follows it. */
  hello(document: string): readonly Uint8Array[];
  /** False when nothing answers the hello. */
  readonly syncs: boolean;
  /** Whether each message says which document it belongs to. */
  readonly namesDocument: boolean;
  update(document: string, update: Uint8Array): Uint8Array;
  /** `body` is the awareness update, without its length. */
  awareness(document: string, body: Uint8Array): Uint8Array;
  /** Whether several updates may arrive as one, which says what they say together. */
  readonly mergesUpdates: boolean;
  /** The body of a message of kind `update`. */
  updateOf(bytes: Uint8Array, start: number, length: number): Uint8Array;
  /** Looks at the first bytes alone. */
  kindOf(bytes: Uint8Array, start: number, length: number): MessageKind;
  /** Where in an awareness message its body's length stands. */
  awarenessOffset(document: string): number;
  /** What tells a client, once per update, that its update has been taken. */
  readonly acknowledgement: "update" | "status" | undefined;
}
