import type { Connection } from "../transport/connection.ts";

/** A client in a signaling room, for administrators. */
export interface SignalingMember {
  readonly connection: Connection;
  /** The id of its user; undefined if unknown. */
  readonly user?: string | undefined;
}

/**
 * Is told of each message that a member has sent to another one, or to all others (`receiver` is undefined). It is never
 * given the message. It must return soon, and must not throw.
 */
export type MessageWatcher = (sender: Connection, receiver: Connection | undefined) => void;

/** A room whose messages can be watched. */
export interface WatchedRoom {
  /** Undefined while nobody watches: then a message costs one comparison. */
  watcher: MessageWatcher | undefined;
}

/** The open rooms of one signaling protocol, for administrators. */
export interface SignalingRooms {
  readonly protocol: string;
  /** The names of the rooms. */
  names(): Iterable<string>;
  /** The members of a room; undefined if it is not open. */
  members(name: string): Iterable<SignalingMember> | undefined;
  /** Sets who is told of the messages in a room, undefined for nobody; nothing happens if it is not open. */
  watch(name: string, watcher: MessageWatcher | undefined): void;
}
