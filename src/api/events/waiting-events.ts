/** The bytes of an event, which several streams may keep for their readers. */
export interface EncodedEvent {
  readonly bytes: Uint8Array;
  /** The streams that keep it. `WaitingEvents` counts them. */
  holders: number;
}

export interface WaitingEventsOptions {
  /** The most bytes; read for each event. */
  readonly limitBytes: () => number;
  /** Called when more bytes wait than the limit. It should end streams. */
  readonly exceeded: () => void;
}

/** The events that wait for the readers of all streams. An event that several streams keep counts once: it is one copy. */
export class WaitingEvents {
  readonly #options: WaitingEventsOptions;
  #bytes = 0;

  constructor(options: WaitingEventsOptions) {
    this.#options = options;
  }

  get isExceeded(): boolean {
    return this.#bytes > this.#options.limitBytes();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One more stream keeps the event. */
  add(event: EncodedEvent): void {
    event.holders += 1;
    if (event.holders > 1) return;
    this.#bytes += event.bytes.byteLength;
    if (this.isExceeded) this.#options.exceeded();
  }

  /** A stream keeps the event no more. */
  release(event: EncodedEvent): void {
    event.holders -= 1;
    if (event.holders === 0) this.#bytes -= event.bytes.byteLength;
  }
}
