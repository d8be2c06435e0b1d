import type { Grant } from "../auth/authorizer.ts";
import type { Connection, Frame } from "../transport/connection.ts";

/** How one relay protocol writes what a room says. Members that share an encoding share its frames. */
export interface SyncEncoding {
  syncStep1(stateVector: Uint8Array): Frame;
  syncStep2(update: Uint8Array): Frame;
  update(update: Uint8Array): Frame;
  awareness(body: Uint8Array): Frame;
  /** Tells the sender of an update that it is stored; `frame` is what it sent, where that can be sent back unchanged. */
  acknowledgement(update: Uint8Array, frame?: Frame): Frame;
}

/** A session as its room sees it. */
export interface SyncMember {
  readonly connection: Connection;
  readonly encoding: SyncEncoding;
  readonly access: Grant["access"];
}
