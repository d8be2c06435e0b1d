import type { Connection, Frame } from "./connection.ts";

/**
 * Many receivers of one encoding of one room.
 *
 * A connection receives every frame published between its `join` and its `leave`, in order with what is sent to it
 * directly; one that cannot keep up is reported as slow, or else closed with `overloaded`, never skipped. A closed
 * connection has left.
 */
export interface Channel {
  /** Idempotent. */
  join(connection: Connection): void;
  /** Idempotent. */
  leave(connection: Connection): void;
  /** To all that have joined, less `except`, which need neither have joined nor be open. The bytes must not be changed afterwards. */
  publish(frame: Frame, except?: Connection): void;
}

/**
 * Opens a channel without members. It needs no closing: it ends with its last member.
 *
 * `slow` is called for a connection with more than a quarter of its outbox unsent, soon after a `publish` and again as
 * long as it stays. It should leave the channel, before its outbox is full.
 */
export type OpenChannel = (slow?: (connection: Connection) => void) => Channel;
