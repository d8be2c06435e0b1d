import type { Access } from "../auth/authorizer.ts";
import type { Connection, Frame } from "../transport/connection.ts";

/** How one relay protocol writes what a room says. Members that share an encoding share its frames. */
export interface SyncEncoding {
  syncStep1(stateVector: Uint8Array): Frame;
  syncStep2(update: Uint8Array): Frame;
  update(update: Uint8Array): Frame;
  awareness(body: Uint8Array): Frame;
  /**
   * Makes the client say all that it knows of who is there, where it must be asked: providers of Hocuspocus 4 say nothing
   * when we make them raise their clock.
   */
  readonly queryAwareness?: Frame;
  /** A message of the application, where the protocol has them. */
  stateless?(payload: string): Frame;
}

/** A session as its room sees it. */
export interface SyncMember {
  readonly connection: Connection;
  readonly encoding: SyncEncoding;
  /** What it may do now: `SyncRoom.accessChanged` is told of every change. */
  readonly access: Access;
  /** The room sends it SyncStep1 that it has not asked for by `ask`: its answer is about something that it left out. */
  asked?(): void;
}

/** An update as a member brings it. */
export interface Submission {
  readonly update: Uint8Array;
  /** The update as its sender framed it, where that can be forwarded unchanged. */
  readonly frame?: Frame;
  /** Tells the sender that the update is stored; called when it is. Without it the sender is told nothing. */
  readonly acknowledgement?: () => Frame | undefined;
}
