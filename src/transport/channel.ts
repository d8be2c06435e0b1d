import type { Connection, Frame } from "./connection.ts";

/**
 * Many receivers of one encoding of one room.
 *
 * A connection receives every frame published between its `join` and its `leave`, in order with what is sent to it
 * directly; one that cannot keep up is closed with `overloaded`, never skipped. A closed connection has left.
 */
export interface Channel {
  /** Idempotent. */
  join(connection: Connection): void;
  /** Idempotent. */
  leave(connection: Connection): void;
  /** To all that have joined, less `except`, which need neither have joined nor be open. The bytes must not be changed afterwards. */
  publish(frame: Frame, except?: Connection): void;
}

/** Opens a channel without members. It needs no closing: it ends with its last member. */
export type OpenChannel = () => Channel;
