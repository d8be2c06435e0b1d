import type { Clock } from "../../lib/time/clock.ts";
import type { Bounds } from "../../ops/metrics/bounds.ts";
import type { TurnCounts } from "../../ops/metrics/turn-metrics.ts";
import type { TurnLimits } from "../limits.ts";
import { StreamFraming } from "../message/stream-framing.ts";
import { maxRequestBytes } from "../message/stun-message.ts";
import type { ServerSocket } from "../server-socket.ts";

/** The connection below TURN: TCP, or TLS over it. */
export interface ByteStream {
  /** Returns the number of bytes that were taken. The caller writes the rest after a drain. */
  write(bytes: Uint8Array): number;
  /** Closes at once. */
  terminate(): void;
}

/** Bounds the unsent bytes of all connections together, those of other protocols included. */
export interface UnsentBytes {
  /** Reports the unsent bytes of one connection; 0 when there are none, and at its end. */
  count(connection: StreamConnection, bytes: number): void;
}

export interface StreamConnectionOptions {
  readonly transport: "tcp" | "tls";
  readonly stream: ByteStream;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly receive: (socket: ServerSocket, bytes: Uint8Array, address: string, port: number) => void;
  readonly limits: Pick<TurnLimits, "turnFirstAllocationMs" | "turnUnsentBytes">;
  readonly outboxes: UnsentBytes;
  readonly clock: Clock;
  readonly counts: TurnCounts;
  readonly bounds: Bounds;
}

/** One TCP or TLS connection of a client. It is closed if it gets no allocation in time. */
export class StreamConnection implements ServerSocket {
  readonly #options: StreamConnectionOptions;
  readonly #framing = new StreamFraming();
  /** The bytes that the kernel has not taken yet: the rest of a message, then whole ones. */
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isAdmitted = false;
  #hasEnded = false;
  #cancelDeadline: () => void;

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
    this.#cancelDeadline = this.#terminateLater();
  }

  get transport(): "tcp" | "tls" {
    return this.#options.transport;
  }

  get remoteAddress(): string {
    return this.#options.remoteAddress;
  }

  /** The client has sent bytes. */
  received(chunk: Uint8Array): void {
    if (this.#hasEnded) return;
    const { remoteAddress, remotePort, receive, stream, counts } = this.#options;
    const end = this.#framing.push(chunk, (message) => {
      if (!this.#hasEnded) receive(this, message, remoteAddress, remotePort);
    });
    // A client without an allocation sends requests only.
    const isTooLong = !this.#isAdmitted && this.#framing.pendingBytes > maxRequestBytes;
    if (end === undefined && !isTooLong) return;
    counts.dropped("malformed");
    this.#hasEnded = true;
    stream.terminate();
  }

  send(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const { counts, stream } = this.#options;
    if (this.#unsent.length > 0) {
      this.#keepOrDrop(bytes);
      return;
    }
    const taken = stream.write(bytes);
    if (taken < 0) counts.dropped("not-sent");
    else if (taken < bytes.byteLength) this.#keep(bytes.subarray(taken));
  }

  /** The stream accepts bytes again. */
  drained(): void {
    const { stream } = this.#options;
    if (this.#unsent.length === 0) return;
    let unsentBytes = this.#unsentBytes;
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const taken = Math.max(0, stream.write(first));
      unsentBytes -= taken;
      if (taken < first.byteLength) {
        this.#unsent[0] = first.subarray(taken);
        break;
      }
      this.#unsent.shift();
    }
    this.#countUnsent(unsentBytes);
  }

  /** Closes the connection and frees its unsent bytes, because all connections together have too many. */
  drop(): void {
    this.#options.bounds.met("limits.outboxes-bytes");
    this.ended();
    this.#options.stream.terminate();
  }

  admitted(): void {
    this.#isAdmitted = true;
    this.#cancelDeadline();
  }

  released(): void {
    if (this.#hasEnded) return;
    this.#isAdmitted = false;
    this.#cancelDeadline();
    this.#cancelDeadline = this.#terminateLater();
  }

  /** The connection has ended. */
  ended(): void {
    this.#hasEnded = true;
    this.#cancelDeadline();
    this.#unsent.length = 0;
    if (this.#unsentBytes > 0) this.#countUnsent(0);
  }

  #keepOrDrop(bytes: Uint8Array): void {
    const { bounds, counts, limits } = this.#options;
    if (this.#unsentBytes + bytes.byteLength <= limits.turnUnsentBytes) {
      this.#keep(bytes);
      return;
    }
    counts.dropped("slow-reader");
    bounds.met("limits.turn-unsent-bytes");
  }

  #keep(bytes: Uint8Array): void {
    // The caller may reuse its buffer.
    this.#unsent.push(bytes.slice());
    this.#countUnsent(this.#unsentBytes + bytes.byteLength);
  }

  #countUnsent(bytes: number): void {
    this.#unsentBytes = bytes;
    this.#options.outboxes.count(this, bytes);
  }

  #terminateLater(): () => void {
    const { bounds, clock, limits, stream } = this.#options;
    return clock.after(limits.turnFirstAllocationMs, () => {
      bounds.met("limits.turn-first-allocation-ms");
      stream.terminate();
    });
  }
}
