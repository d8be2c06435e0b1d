import type { SocketFailure } from "../diagnosis/measurements.ts";
import { TimeLimitExceeded, within } from "./round-trips.ts";
import { askOriginRefusal } from "./server-answers.ts";

const limitMs = 10_000;

/** A WebSocket whose messages are awaited one by one. Every method rejects with `ProbeFailure` when the socket fails. */
export class ProbeSocket {
  readonly #socket: WebSocket;
  readonly #failure = Promise.withResolvers<never>();
  #isOpen = false;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = "arraybuffer";
    this.#failure.promise.catch(() => {});
    this.#socket.addEventListener("close", ({ code, reason }) => {
      const failure: SocketFailure = this.#isOpen ? { kind: "closed", code, reason } : { kind: "refused" };
      this.#failure.reject(new ProbeFailure(failure));
    });
  }

  async opened(): Promise<void> {
    const opening = new Promise<void>((resolve) => {
      this.#socket.addEventListener("open", () => {
        this.#isOpen = true;
        resolve();
      });
    });
    await this.#whileOpen(opening, "handshake");
  }

  /** Sends a message, and resolves when `isAnswer` has returned true for one that comes back. */
  async ask(
    message: string | Uint8Array<ArrayBuffer>,
    isAnswer: (message: string | Uint8Array) => boolean,
  ): Promise<void> {
    const ending = new AbortController();
    const answering = new Promise<void>((resolve) => {
      const receive = ({ data }: MessageEvent<string | ArrayBuffer>) => {
        if (isAnswer(typeof data === "string" ? data : new Uint8Array(data))) resolve();
      };
      this.#socket.addEventListener("message", receive, { signal: ending.signal });
    });
    this.#socket.send(message);
    try {
      await this.#whileOpen(answering, "answer");
    } finally {
      ending.abort();
    }
  }

  close(): void {
    this.#socket.close();
  }

  async #whileOpen(event: Promise<void>, during: "handshake" | "answer"): Promise<void> {
    try {
      await within(limitMs, Promise.race([event, this.#failure.promise]));
    } catch (error) {
      throw error instanceof TimeLimitExceeded ? new ProbeFailure({ kind: "silent", during }) : error;
    }
  }
}

export class ProbeFailure extends Error {
  override readonly name = "ProbeFailure";
  readonly failure: SocketFailure;

  constructor(failure: SocketFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

/** Runs a measurement on a socket, which is closed afterwards. */
export async function probe<T>(url: string, measure: (socket: ProbeSocket) => Promise<T>): Promise<T | SocketFailure> {
  const socket = new ProbeSocket(url);
  try {
    return await measure(socket);
  } catch (error) {
    if (!(error instanceof ProbeFailure)) throw error;
    if (error.failure.kind !== "refused") return error.failure;
    const message = await askOriginRefusal();
    return message === undefined ? error.failure : { kind: "refused", message };
  } finally {
    socket.close();
  }
}
