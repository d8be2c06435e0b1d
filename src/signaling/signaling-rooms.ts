import type { Connection } from "../transport/connection.ts";

/** A client in a signaling room, for administrators. */
export interface SignalingMember {
  readonly connection: Connection;
  /** The id of its user; undefined if unknown. */
  readonly user?: string | undefined;
}

/** The open rooms of one signaling protocol, for administrators. */
export interface SignalingRooms {
  readonly protocol: string;
  /** The names of the rooms. */
  names(): Iterable<string>;
  /** The members of a room; undefined if it is not open. */
  members(name: string): Iterable<SignalingMember> | undefined;
}
