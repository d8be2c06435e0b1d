/** One event of a stream (WHATWG HTML §9.2), before it is encoded. */
export interface StreamEvent {
  /** The reader gives it back as `Last-Event-ID`. */
  readonly id?: number;
  readonly event: string;
  readonly data: unknown;
}

export interface EventStreamOptions {
  /** The most bytes that wait for the reader. */
  readonly maxWaitingBytes: number;
  /** The reader takes less than it is sent: the stream ends. */
  readonly overflowed: () => void;
  /** Called once, when the stream has ended for whatever reason. */
  readonly ended: () => void;
}

const encoder = new TextEncoder();
const pingBytes = encoder.encode(":\n\n");

export function encodeEvent({ data, event, id }: StreamEvent): Uint8Array {
  const head = id === undefined ? "" : `id: ${id}\n`;
  return encoder.encode(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Server-sent events for one reader. A reader that takes less than it is sent is cut off, and resumes. */
export class EventStream {
  readonly response: Response;
  readonly #ended: () => void;
  readonly #overflowed: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor({ ended, maxWaitingBytes, overflowed }: EventStreamOptions) {
    this.#ended = ended;
    this.#overflowed = overflowed;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#close(() => {}),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }),
    );
    this.response = new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        // nginx would keep events back.
        "x-accel-buffering": "no",
      },
    });
  }

  get isOpen(): boolean {
    return this.#controller !== undefined;
  }

  send(event: StreamEvent): void {
    this.sendEncoded(encodeEvent(event));
  }

  /** As `send`. The bytes must not be modified: several streams may keep them for their readers. */
  sendEncoded(bytes: Uint8Array): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    if ((controller.desiredSize ?? 0) >= bytes.byteLength) {
      controller.enqueue(bytes);
      return;
    }
    this.#overflowed();
    this.#close(() => controller.error(new Error("the reader takes less than it is sent")));
  }

  /** Sends a comment, which readers ignore: it shows proxies and the runtime that the stream is alive. */
  ping(): void {
    this.sendEncoded(pingBytes);
  }

  /** Sends a last event, and ends the stream. */
  end(last: StreamEvent): void {
    this.send(last);
    this.#close((controller) => controller.close());
  }

  /** The reader is gone. */
  abandon(): void {
    this.#close((controller) => controller.close());
  }

  #close(close: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    close(controller);
    this.#ended();
  }
}
