import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { Slots } from "../bounds/slots.ts";
import type { Caller } from "../caller.ts";
import type { ApiLimits } from "../limits.ts";
import { Problem } from "../problems.ts";
import { EventStream, encodeEvent, encodePing, type StreamEvent } from "./event-stream.ts";
import { type EncodedEvent, WaitingEvents } from "./waiting-events.ts";

export interface EventStreamsOptions {
  readonly limits: Pick<ApiLimits, "apiEventStreams" | "apiEventStreamsPerCaller" | "apiEventBytes" | "apiEventsBytes">;
  readonly metrics: Pick<Metrics, "bounds" | "eventStreams">;
  readonly clock: Clock;
}

export interface StreamOrder {
  readonly request: Request;
  readonly caller: Caller;
  /** The key by which bounds count the reader, as `countedCaller`. */
  readonly counted: string | undefined;
  /** Called once, when the stream has ended. */
  readonly ended: () => void;
}

/** Why a stream ends, as its last event says. */
export type StreamEnd = "document-deleted" | "unauthorized" | "stopping";

const pingMs = 15_000;

/** The open event streams of a server: bounds them, keeps them alive, and ends those whose readers lose their access. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Map<EventStream, StreamOrder>();
  readonly #slots: Slots;
  readonly #waiting: WaitingEvents;
  readonly #encoded = new WeakMap<object, EncodedEvent>();
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: EventStreamsOptions) {
    const { limits } = options;
    this.#options = options;
    this.#slots = new Slots({
      work: "event streams",
      inAll: { limit: () => limits.apiEventStreams, bound: "limits.api-event-streams" },
      perCaller: { limit: () => limits.apiEventStreamsPerCaller, bound: "limits.api-event-streams-per-caller" },
    });
    this.#waiting = new WaitingEvents({
      limitBytes: () => limits.apiEventsBytes,
      exceeded: () => this.#cutSlowest(),
    });
    options.metrics.eventStreams.readFrom(() => this.#open.size);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens a stream; releases the caller when it has ended. Throws `Problem` beyond a bound. */
  open(order: StreamOrder): EventStream {
    const { limits, metrics } = this.#options;
    const { caller, counted, request } = order;
    if (this.#isClosed)
      throw new Problem("stopping", "The server stops. Try again later.", { headers: { "retry-after": "5" } });
    const give = this.#slots.take(counted);
    const abandoned = () => stream.abandon();
    const stream: EventStream = new EventStream({
      maxWaitingBytes: limits.apiEventBytes,
      waiting: this.#waiting,
      overflowed: () => metrics.bounds.met("limits.api-event-bytes"),
      ended: () => {
        request.signal.removeEventListener("abort", abandoned);
        give();
        this.#ended(stream, order);
        caller.release();
      },
    });
    this.#open.set(stream, order);
    request.signal.addEventListener("abort", abandoned, { once: true });
    if (this.#open.size === 1) this.#schedule();
    // A signal that has aborted before fires no event.
    if (request.signal.aborted) abandoned();
    return stream;
  }

  /**
   * The event of a committed change, encoded once for all streams of its document: a stream whose reader is slow keeps the
   * bytes, and many such streams would keep as many copies.
   */
  encode(change: object, eventOf: () => StreamEvent): EncodedEvent {
    const known = this.#encoded.get(change);
    if (known !== undefined) return known;
    const event = encodeEvent(eventOf());
    this.#encoded.set(change, event);
    return event;
  }

  /** Sends a reader an event. If its access has ended, the stream ends instead. */
  send(stream: EventStream, event: EncodedEvent): void {
    if (this.#open.get(stream)?.caller.hasEnded === true) this.end(stream, "unauthorized");
    else stream.sendEncoded(event);
  }

  /** Ends a stream, with the reason as its last event. */
  end(stream: EventStream, code: StreamEnd): void {
    stream.end({ event: "end", data: { code } });
  }

  /** Ends all streams. None can be opened afterwards. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    for (const stream of [...this.#open.keys()]) this.end(stream, "stopping");
  }

  #ended(stream: EventStream, { ended }: StreamOrder): void {
    this.#open.delete(stream);
    if (this.#open.size === 0) this.#cancel?.();
    ended();
  }

  /** Ends the streams with the most waiting events, until all waiting events are within their bound. */
  #cutSlowest(): void {
    while (this.#waiting.isExceeded) {
      let slowest: EventStream | undefined;
      for (const stream of this.#open.keys()) {
        if (stream.waitingBytes > (slowest?.waitingBytes ?? 0)) slowest = stream;
      }
      if (slowest === undefined) return;
      this.#options.metrics.bounds.met("limits.api-events-bytes");
      slowest.cut();
    }
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(pingMs, () => {
      const ping = encodePing();
      for (const [stream, { caller }] of [...this.#open]) void this.#check(stream, caller, ping);
      if (this.#open.size > 0) this.#schedule();
    });
  }

  /** Never rejects: `isAllowedStill` does not. */
  async #check(stream: EventStream, caller: Caller, ping: EncodedEvent): Promise<void> {
    if (await caller.isAllowedStill()) stream.sendEncoded(ping);
    else this.end(stream, "unauthorized");
  }
}
