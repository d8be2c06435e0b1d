import type { EncodedEvent, WaitingEvents } from "./waiting-events.ts";

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
  /** Counts the events that wait for the readers of all streams. */
  readonly waiting: WaitingEvents;
  /** The reader takes less than it is sent: the stream ends. */
  readonly overflowed: () => void;
  /** Called once, when the stream has ended for whatever reason. */
  readonly ended: () => void;
}

const encoder = new TextEncoder();

export function encodeEvent({ data, event, id }: StreamEvent): EncodedEvent {
  const head = id === undefined ? "" : `id: ${id}\n`;
  return encoded(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** A comment, which readers ignore: it shows proxies and the runtime that a stream is alive. */
export function encodePing(): EncodedEvent {
  return encoded(":\n\n");
}

function encoded(text: string): EncodedEvent {
  return { bytes: encoder.encode(text), holders: 0 };
}

/** The bytes of waiting events that are handed over at once. */
const handedBytes = 65_536;

/** Server-sent events for one reader. A reader that takes less than it is sent is cut off, and resumes. */
export class EventStream {
  readonly response: Response;
  readonly #options: EventStreamOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The events that the reader has not asked for. The runtime is given none before: it would keep them as well. */
  readonly #events: EncodedEvent[] = [];
  #waitingBytes = 0;
  /** The reader has asked for the next event, and there was none. */
  #isAwaited = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#handOver(),
        cancel: () => this.#close(() => {}),
      },
      { highWaterMark: 0 },
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

  /** The bytes that wait for the reader. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  send(event: StreamEvent): void {
    this.sendEncoded(encodeEvent(event));
  }

  /** As `send`. The bytes must not be modified: several streams may keep them for their readers. */
  sendEncoded(event: EncodedEvent): void {
    if (this.#controller === undefined) return;
    const { maxWaitingBytes, overflowed, waiting } = this.#options;
    if (this.#isAwaited) {
      this.#isAwaited = false;
      this.#controller.enqueue(event.bytes);
      return;
    }
    const { byteLength } = event.bytes;
    if (this.#waitingBytes + byteLength > maxWaitingBytes) {
      overflowed();
      this.cut();
      return;
    }
    this.#events.push(event);
    this.#waitingBytes += byteLength;
    waiting.add(event);
  }

  /** Ends the stream with a last event. If many others wait, they are left out; a reader that resumes gets them. */
  end(last: StreamEvent): void {
    if (this.#waitingBytes <= handedBytes) this.#handOver();
    this.#close((controller) => {
      controller.enqueue(encodeEvent(last).bytes);
      controller.close();
    });
  }

  /** The reader is gone. */
  abandon(): void {
    this.#close((controller) => controller.close());
  }

  /** Ends the stream without its waiting events, because the reader is too slow. */
  cut(): void {
    this.#close((controller) => controller.error(new Error("the reader takes less than it is sent")));
  }

  /** Gives the runtime the next events, as the reader asks for them. */
  #handOver(): void {
    let [count, bytes] = [0, 0];
    for (const event of this.#events) {
      bytes += event.bytes.byteLength;
      if (bytes > handedBytes && count > 0) break;
      count += 1;
    }
    this.#isAwaited = count === 0;
    for (const event of this.#events.splice(0, count)) {
      this.#release(event);
      this.#controller?.enqueue(event.bytes);
    }
  }

  #release(event: EncodedEvent): void {
    this.#waitingBytes -= event.bytes.byteLength;
    this.#options.waiting.release(event);
  }

  #close(close: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    for (const event of this.#events.splice(0)) this.#release(event);
    close(controller);
    this.#options.ended();
  }
}
