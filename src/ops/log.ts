import { type DestinationStream, type LevelWithSilent, type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";

/**
 * Where events are told: `log.info({ event: "room-opened", room })`.
 *
 * `event` is a constant name; what varies has fields of its own, an error is `err`. Everything passed is written and
 * nothing is masked: never pass tokens, document content or query strings.
 */
export type Log = Logger;

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** For people's eyes; else one JSON object a line. */
  readonly pretty: boolean;
  readonly destination: DestinationStream;
}

/** Each line is handed to `destination` before the call that logs it returns, so a crash loses none. */
export function createLog({ level, pretty, destination }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? prettified(destination) : destination,
  );
}

/** Writes at once, and goes silent when nobody reads any more. */
export function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: true });
}

/** Not pino-pretty's own stream: that one writes on a later turn, and a crash would lose the line that explains it. */
function prettified(destination: DestinationStream): DestinationStream {
  const prettify = prettyFactory({ messageKey: "event", singleLine: true, translateTime: "SYS:HH:MM:ss" });
  return { write: (line) => destination.write(prettify(line)) };
}
