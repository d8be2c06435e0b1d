import type { Clock } from "../../lib/time/clock.ts";
import type { StunMessage } from "../message/stun-message.ts";
import type { ClientSocket } from "./client-socket.ts";
import { TurnTimeout } from "./turn-failure.ts";

/** RFC 8489 §6.2.1: the time until a request is repeated, which doubles each time, and the number of requests. */
const firstRepeatMs = 500;
const maxRequests = 7;
/** RFC 8489 §6.2.2. */
export const defaultTimeoutMs = 39_500;

interface Transaction {
  readonly accepts: (response: StunMessage) => boolean;
  readonly outcome: PromiseWithResolvers<StunMessage>;
  readonly cancels: (() => void)[];
}

/** The requests without an answer. Over UDP they are repeated, because a datagram may be lost. */
export class Transactions {
  readonly #socket: ClientSocket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** By the hexadecimal digits of the transaction id. */
  readonly #open = new Map<string, Transaction>();

  constructor(options: { readonly socket: ClientSocket; readonly clock: Clock; readonly timeoutMs: number }) {
    this.#socket = options.socket;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /**
   * Sends a request, and resolves with its response, be it an error or not. Responses that `accepts` refuses are ignored.
   * Rejects with `TurnTimeout`, or with the reason of `end`.
   */
  request(bytes: Uint8Array, id: Uint8Array, accepts: (response: StunMessage) => boolean): Promise<StunMessage> {
    const key = id.toHex();
    const transaction: Transaction = { accepts, outcome: Promise.withResolvers(), cancels: [] };
    this.#open.set(key, transaction);
    transaction.cancels.push(
      this.#clock.after(this.#timeoutMs, () => {
        this.#close(key)?.outcome.reject(new TurnTimeout(`No answer within ${this.#timeoutMs} ms`));
      }),
    );
    const kept = this.#socket.isStream ? bytes : bytes.slice();
    if (!this.#socket.isStream) this.#repeat(transaction, kept, firstRepeatMs, maxRequests - 1);
    this.#socket.send(kept);
    return transaction.outcome.promise;
  }

  receive(response: StunMessage): void {
    const key = response.transactionId.toHex();
    if (this.#open.get(key)?.accepts(response) === true) this.#close(key)?.outcome.resolve(response);
  }

  /** Rejects all requests without an answer. */
  end(reason: Error): void {
    for (const key of [...this.#open.keys()]) this.#close(key)?.outcome.reject(reason);
  }

  #repeat(transaction: Transaction, bytes: Uint8Array, delayMs: number, times: number): void {
    if (times === 0) return;
    const cancel = this.#clock.after(delayMs, () => {
      this.#socket.send(bytes);
      this.#repeat(transaction, bytes, 2 * delayMs, times - 1);
    });
    transaction.cancels[1] = cancel;
  }

  #close(key: string): Transaction | undefined {
    const transaction = this.#open.get(key);
    this.#open.delete(key);
    for (const cancel of transaction?.cancels ?? []) cancel();
    return transaction;
  }
}
