import type { SyncMessage } from "../../../src/relay/sync-codec.ts";

/** A message of a client about a document. */
export type SentMessage = SyncMessage | { readonly type: "awareness"; readonly body: Uint8Array };

/** A message of the server about a document, as far as it concerns the content. */
export type ReceivedMessage =
  | SyncMessage
  /** One of the client's updates is stored. */
  | { readonly type: "applied" }
  /** The client may not enter the document, or not write into it. */
  | { readonly type: "refused"; readonly why: string };

export interface Addressed {
  readonly address: string;
  readonly message: ReceivedMessage;
}

/** A protocol for documents as clients speak it: the framing of messages, and the acknowledgements. */
export interface SyncProtocol {
  /** The path of the URL at which a document is served. */
  path(document: string): string;
  /** True if one connection carries several documents. */
  readonly sharesConnections: boolean;
  /**
   * The client's address of a document on its connection. It is the same in each call only if a connection carries a
   * document once.
   */
  address(document: string): string;
  /** The message that must precede any other about a document, if there is one. */
  hello?(address: string): Uint8Array;
  /** The message that leaves a document while the connection stays open. */
  leave?(address: string): Uint8Array;
  encode(address: string, message: SentMessage): Uint8Array;
  /** Decodes a frame; undefined if it does not concern the content. */
  decode(frame: Uint8Array): Addressed | undefined;
  /** The acknowledgements of one client, which syncs once. */
  acknowledgements(): Acknowledgements;
}

/** The first frames of a client without any state of the document. */
export function firstFrames(protocol: SyncProtocol, document: string): readonly Uint8Array[] {
  const address = protocol.address(document);
  const hello = protocol.hello?.(address);
  const question = protocol.encode(address, { type: "sync-step-1", stateVector: Uint8Array.of(0) });
  return hello === undefined ? [question] : [hello, question];
}

/** The updates that a client has sent, and those of them that are acknowledged. */
export interface Acknowledgements {
  /** The number of updates that are not acknowledged. */
  readonly waiting: number;
  sent(message: SentMessage): void;
  /** The update that `message` acknowledges, if it is an acknowledgement. */
  heard(message: ReceivedMessage): Uint8Array | undefined;
}
