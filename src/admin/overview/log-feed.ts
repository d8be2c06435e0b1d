import { encodeEvent } from "../../api/events/event-stream.ts";
import type { EncodedEvent } from "../../api/events/waiting-events.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { logLevels } from "../../ops/log-levels.ts";
import { parseLine, type RecentLog } from "../../ops/recent-log.ts";

export type LogLevel = (typeof logLevels)[number];

export interface LogFeedOptions {
  readonly recent: Pick<RecentLog, "watch">;
  readonly clock: Clock;
}

/** Takes the events of one reader: `log` for a line, `log-omitted` for lines that were too many. */
export type LogReader = (event: EncodedEvent) => void;

/** The lines of one reader that wait for the next hand-over. */
interface Waiting {
  readonly minimum: number;
  lines: string[];
  omitted: number;
}

const intervalMs = 250;
/** Further lines of one interval are omitted: a page shows no more, and a log at `trace` must not load the server twice. */
const mostLines = 100;
const levels: readonly string[] = logLevels;
const levelAt = '{"level":"'.length;

/**
 * The lines that the log writes, for readers, at most 100 each in a quarter of a second. A logging call only keeps the
 * line: it is parsed and encoded later, once for all readers. Nothing watches the log while there is no reader.
 */
export class LogFeed {
  readonly #options: LogFeedOptions;
  readonly #readers = new Map<LogReader, Waiting>();
  #stopWatching: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: LogFeedOptions) {
    this.#options = options;
  }

  /** Gives `reader` the lines of the level and above that follow, until the returned function is called. */
  follow(level: LogLevel, reader: LogReader): () => void {
    this.#readers.set(reader, { minimum: levels.indexOf(level), lines: [], omitted: 0 });
    this.#stopWatching ??= this.#options.recent.watch((line) => this.#keep(line));
    return () => this.#leave(reader);
  }

  #leave(reader: LogReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #keep(line: string): void {
    const level = levelOf(line);
    for (const waiting of this.#readers.values()) {
      if (level < waiting.minimum) continue;
      if (waiting.lines.length < mostLines) waiting.lines.push(line);
      else waiting.omitted += 1;
      this.#cancel ??= this.#options.clock.after(intervalMs, () => this.#handOver());
    }
  }

  #handOver(): void {
    this.#cancel = undefined;
    const encoded = new Map<string, EncodedEvent>();
    for (const [reader, waiting] of [...this.#readers]) {
      const { lines, omitted } = waiting;
      waiting.lines = [];
      waiting.omitted = 0;
      for (const line of lines) {
        const event = encoded.get(line) ?? lineEvent(line);
        encoded.set(line, event);
        reader(event);
      }
      if (omitted > 0) reader(encodeEvent({ event: "log-omitted", data: { omitted } }));
    }
  }
}

function levelOf(line: string): number {
  const level = line.slice(levelAt, line.indexOf('"', levelAt));
  return levels.indexOf(level);
}

function lineEvent(line: string): EncodedEvent {
  const { event, fields, level, remedy = null, time } = parseLine(line);
  return encodeEvent({ event: "log", data: { time, level, event, remedy, fields } });
}
