import type { SyncMessage } from "../../../src/relay/sync-codec.ts";

/** What a client says about a document. */
export type SentMessage = SyncMessage | { readonly type: "awareness"; readonly body: Uint8Array };

/** What a client hears about one, as far as it concerns the content. */
export type ReceivedMessage =
  | SyncMessage
  /** One of its updates is stored. */
  | { readonly type: "applied" }
  /** It may not enter the document, or not write into it. */
  | { readonly type: "refused"; readonly why: string };

export interface Addressed {
  readonly address: string;
  readonly message: ReceivedMessage;
}

/** A relay's protocol as clients speak it: how it frames what they say, and how it acknowledges. */
export interface SyncProtocol {
  /** Of the URL under which a document is had. */
  path(document: string): string;
  /** Whether one connection carries several documents. */
  readonly sharesConnections: boolean;
  /** What a client calls a document on its connection: the same again only where it may be there once. */
  address(document: string): string;
  /** What a client says before anything else about a document, where it must. */
  hello?(address: string): Uint8Array;
  /** Leaves a document on a connection that stays. */
  leave?(address: string): Uint8Array;
  encode(address: string, message: SentMessage): Uint8Array;
  /** Undefined for what has nothing to do with the content. */
  decode(frame: Uint8Array): Addressed | undefined;
  /** For one client, which syncs once. */
  acknowledgements(): Acknowledgements;
}

/** What someone says first who knows nothing of a document. */
export function firstFrames(protocol: SyncProtocol, document: string): readonly Uint8Array[] {
  const address = protocol.address(document);
  const hello = protocol.hello?.(address);
  const question = protocol.encode(address, { type: "sync-step-1", stateVector: Uint8Array.of(0) });
  return hello === undefined ? [question] : [hello, question];
}

/** What a client has sent, and what of it is acknowledged. */
export interface Acknowledgements {
  /** Updates that are not. */
  readonly waiting: number;
  sent(message: SentMessage): void;
  /** The update that `message` acknowledges, if it does. */
  heard(message: ReceivedMessage): Uint8Array | undefined;
}
