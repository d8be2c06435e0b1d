import type { StreamReader } from "../../api/events/answer-with-events.ts";
import { type EventStream, encodeEvent } from "../../api/events/event-stream.ts";
import type { EventStreams } from "../../api/events/event-streams.ts";
import type { EncodedEvent } from "../../api/events/waiting-events.ts";
import { wireProtocols } from "../../ops/metrics/label-values.ts";
import type { FigureHistory } from "./figure-history.ts";
import { type FigureSample, type FigureSources, type FigureTotals, readTotals, sampleSince } from "./figure-sample.ts";
import { LogFeed, type LogFeedOptions, type LogLevel } from "./log-feed.ts";

export interface ServerFeedOptions extends FigureSources, LogFeedOptions {
  readonly streams: EventStreams;
  readonly history: Pick<FigureHistory, "present">;
}

const intervalMs = 2_000;

/**
 * The figures of the server as they change, and the lines of its log. All readers share one sample every two seconds; no
 * sample is taken, and no timer runs, while there is no reader.
 */
export class ServerFeed {
  readonly #options: ServerFeedOptions;
  readonly #log: LogFeed;
  readonly #readers = new Set<EventStream>();
  #last: FigureTotals | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: ServerFeedOptions) {
    this.#options = options;
    this.#log = new LogFeed(options);
  }

  /** Opens a stream of the figures, and of the log's lines of a level and above; of none without a level. */
  follow(reader: StreamReader, level: LogLevel | undefined): Response {
    const { history, streams } = this.#options;
    let leave = () => {};
    const stream = streams.open({ ...reader, ended: () => leave() });
    // The reader may have left before the stream was open.
    if (!stream.isOpen) return stream.response;
    const send = (event: EncodedEvent) => streams.send(stream, event);
    const stopLog = level === undefined ? undefined : this.#log.follow(level, send);
    this.#readers.add(stream);
    leave = () => {
      stopLog?.();
      this.#leave(stream);
    };
    const now = readTotals(this.#options);
    this.#last ??= now;
    this.#cancel ??= this.#schedule();
    send(figuresEvent(history.present(now)));
    return stream.response;
  }

  #leave(stream: EventStream): void {
    this.#readers.delete(stream);
    if (this.#readers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#last = undefined;
  }

  #schedule(): () => void {
    return this.#options.clock.after(intervalMs, () => {
      this.#cancel = this.#schedule();
      const now = readTotals(this.#options);
      const event = figuresEvent(sampleSince(this.#last ?? now, now, this.#options));
      this.#last = now;
      for (const stream of [...this.#readers]) this.#options.streams.send(stream, event);
    });
  }
}

function figuresEvent({ at, connections, values }: FigureSample): EncodedEvent {
  const byProtocol = wireProtocols.map((protocol, index) => [protocol, connections[index] ?? 0]);
  const time = new Date(at).toISOString();
  return encodeEvent({ event: "figures", data: { time, connections: Object.fromEntries(byProtocol), ...values } });
}
