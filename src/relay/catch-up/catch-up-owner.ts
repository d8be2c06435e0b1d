import type { Frame } from "../../transport/connection.ts";
import type { SyncMember } from "../sync-member.ts";
import type { Transfer } from "./backlog.ts";

/** The audience of a room, as far as catching up needs it. */
export interface CatchUpOwner {
  /** Stands for the room in the snapshot budget. */
  readonly room: object;
  /** Returns the message that carries an update to a member. Members can share its frame. */
  encode(member: SyncMember, message: Transfer["last"], update: Uint8Array): Frame;
  /** The state vector of everything that is committed. */
  stateVector(): Uint8Array;
  /** The member must not receive published frames until `caughtUp`. */
  fellBehind(member: SyncMember): void;
  caughtUp(member: SyncMember): void;
  /** The member has to be answered from this state vector, by `sendAnswer`. */
  answerNeeded(member: SyncMember, stateVector: Uint8Array): void;
}
