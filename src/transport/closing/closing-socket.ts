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
 * Bun gives a closed socket up when the kernel takes none of its bytes for some seconds. A slow reader would then see its
 * connection break (1006), without the code. The pong shows that the client has read everything: until then the kernel may
 * hold megabytes that a broken connection would lose.
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

  /** The client need not be waited for any longer. */
  close(): void {
    this.#cancelDeadline();
    const { socket, reason } = this.#options;
    // Behind bytes that nobody reads, the close frame would never leave.
    if (socket.getBufferedAmount() > 0) socket.terminate();
    else socket.close(reason.code, reason.name);
  }

  /** The socket closed from the other side, or broke. */
  lost(): void {
    this.#cancelDeadline();
  }
}
