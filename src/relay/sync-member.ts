import type { Access, Denial } from "../auth/authorizer.ts";
import type { Connection, Frame } from "../transport/connection.ts";

/** The frames of one relay protocol. Members that share an encoding share its frames. */
export interface SyncEncoding {
  syncStep1(stateVector: Uint8Array): Frame;
  syncStep2(update: Uint8Array): Frame;
  update(update: Uint8Array): Frame;
  awareness(body: Uint8Array): Frame;
  /**
   * Asks the client for all awareness states that it knows. Only for protocols that need it: providers of Hocuspocus 4
   * do not announce themselves when their own removal makes them raise their clock.
   */
  readonly queryAwareness?: Frame;
  /** A stateless message of the application, in protocols that have such messages. */
  stateless?(payload: string): Frame;
}

/** A session, as its room sees it. */
export interface SyncMember {
  readonly connection: Connection;
  readonly encoding: SyncEncoding;
  /** The access that the member has now. Every change is reported to `SyncRoom.accessChanged`. */
  readonly access: Access;
  /** The id of its user, which is stored with its updates; undefined if unknown. */
  readonly user?: string | undefined;
  /**
   * Called before the room sends the member a SyncStep1 that its session did not request through `SyncRoom.ask`: an
   * update of the member left a gap, or one that was refused may fit now. Returns false if it must not be sent.
   */
  mayBeAsked?(): boolean;
  /** The document is closed to all members, and this one has left the room: its client is told why. */
  ended?(denial: Denial): void;
}
