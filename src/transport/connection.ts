import type { CloseReason } from "./close-reason.ts";
import type { Turns, WorkKind } from "./work.ts";

/** A frame as it is sent: text or binary. */
export type Frame = string | Uint8Array;

/**
 * The only way bytes leave for one client.
 *
 * Frames arrive in the order in which they were sent and published. A client that reads too slowly is closed, never
 * skipped: past `limits.outboxBytes` of unsent bytes (a snapshot in flight excluded) the connection is closed with
 * `overloaded`.
 */
export interface Connection {
  readonly id: string;
  readonly remoteAddress: string;
  /** The name of the protocol that the client speaks on it, or that of its carrier. */
  readonly protocol: string;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** False from the moment either side closes. */
  readonly isOpen: boolean;
  /**
   * The client has shown that it may use the server: from now on it may send frames that are larger than
   * `limits.first-frame-bytes`. Idempotent. The transport calls this, unless the protocol has `admitsClients`.
   */
  admit(): void;
  /** Queues a frame; never throws, never waits, does nothing after close. The bytes must not be changed afterwards. */
  send(frame: Frame): void;
  /** Runs `task` at once; what it sends to this connection is written together. */
  cork(task: () => void): void;
  /**
   * As `send`, for a frame that may exceed the outbox: until it is gone its bytes do not count against it. Past
   * `limits.snapshotBytes` of them the connection is closed with `overloaded`.
   */
  sendSnapshot(frame: Frame): void;
  /**
   * Counts work that is about to be done for the client. It is never refused: a client that has used more than its share
   * gets its turns after the others.
   */
  spend(kind: WorkKind, amount: number): void;
  readonly turns: Turns;
  /** Bytes not yet handed to the kernel. */
  readonly unsentBytes: number;
  /** Calls `task` once when `unsentBytes` is 0 again; at once if it is; never after close. */
  drained(task: () => void): void;
  /** Asks for a sign of life. Calls `answered` once: with true when a frame or a pong has come, with false when none can come. */
  ping(answered: (isAlive: boolean) => void): void;
  /**
   * Ends the session as a `SessionError` of its own would: the client is told why in its protocol's words. `detail` is for
   * the client and the log. For what a session learns while it receives nothing.
   */
  refuse(reason: CloseReason, detail: string): void;
  /**
   * Ends the session at once, and the connection as soon as its client has received what was sent before and the code;
   * a client that takes too long for that gets no code. Idempotent; `ProtocolSession.closed` follows exactly once.
   *
   * `detail` says for the log which bound the client met, by the name of its option; without it the close is no fault
   * of the client, and is counted only.
   */
  close(reason: CloseReason, detail?: string): void;
}

/** The size of a frame's content. */
export function frameBytes(frame: Frame): number {
  return typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
}
