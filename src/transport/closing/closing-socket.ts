import type { ServerWebSocket } from "bun";
import type { Clock } from "../../lib/time/clock.ts";
import type { CloseReason } from "../close-reason.ts";

export interface ClosingSocketOptions {
  readonly socket: ServerWebSocket<unknown>;
  readonly reason: CloseReason;
  /** How long the client may take. */
  readonly withinMs: number;
  readonly clock: Clock;
}

/**
 * A WebSocket that is closed once its client has received what was sent to it before.
 *
 * Bun drops a closed socket when the kernel takes none of its bytes for some seconds: a slow reader would see a broken
 * connection (1006) instead of the close code. The pong shows that the client has read everything: until then the kernel
 * may hold megabytes, which would be lost with the connection.
 */
export class ClosingSocket {
  readonly #options: ClosingSocketOptions;
  readonly #cancelDeadline: () => void;

  constructor(options: ClosingSocketOptions) {
    this.#options = options;
    const { socket, clock, withinMs } = options;
    for (const topic of socket.subscriptions) socket.unsubscribe(topic);
    socket.ping();
    this.#cancelDeadline = clock.after(withinMs, () => this.close());
  }

  /** A pong has come: everything was read, unless it answers an earlier ping. */
  ponged(): void {
    if (this.#options.socket.getBufferedAmount() === 0) this.close();
  }

  /** Closes the socket without any further wait for the client. */
  close(): void {
    this.#cancelDeadline();
    const { socket, reason } = this.#options;
    // The close frame could not be sent before the bytes that the client does not read.
    if (socket.getBufferedAmount() > 0) socket.terminate();
    else socket.close(reason.code, reason.name);
  }

  /** The socket closed from the other side, or broke. */
  lost(): void {
    this.#cancelDeadline();
  }
}
