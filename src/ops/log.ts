import { type DestinationStream, type LevelWithSilent, type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { loggedError } from "./logged-error.ts";

/**
 * The server's logger, for events: `log.info({ event: "room-opened", room })`.
 *
 * `event` is a constant name; variable values have fields of their own, and an error is `err`. Every field is written
 * and none is masked: never pass tokens, document content or query strings.
 */
export type Log = Logger;

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** True for lines that people read; false for one JSON object per line. */
  readonly pretty: boolean;
  readonly destination: DestinationStream;
  /** Is given each line as well, as JSON. */
  readonly tap?: (line: string) => void;
}

/** Creates a logger that passes each line to `destination` before the logging call returns, so a crash loses none. */
export function createLog({ destination, level, pretty, tap }: LogOptions): Log {
  const output = pretty ? prettified(destination) : { write: (line: string) => destination.write(escaped(line)) };
  return pino(
    {
      level,
      base: null,
      serializers: { err: loggedError },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    tap === undefined ? output : tapped(output, tap),
  );
}

function tapped(output: DestinationStream, tap: (line: string) => void): DestinationStream {
  return {
    write: (line) => {
      output.write(line);
      tap(line);
    },
  };
}

/** Formats lines synchronously. pino-pretty's own stream writes on a later turn: a crash would lose the last lines. */
function prettified(destination: DestinationStream): DestinationStream {
  const prettify = prettyFactory({ messageKey: "event", singleLine: true, translateTime: "SYS:HH:MM:ss" });
  return { write: (line) => destination.write(prettify(shown(escaped(line)))) };
}

/** The control characters that JSON leaves as they are, and those that change the direction of text. */
const controls = /(?!\n)\p{Cc}|\p{Bidi_Control}/gu;
/** An escaped backslash, or an escaped character other than a tab or the end of a line. */
const escapes = /\\(?:\\|[bfr]|u[\da-f]{4})/g;

/** The same JSON without any character that a terminal acts on. */
function escaped(line: string): string {
  return line.replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON whose texts contain escapes in place of control characters: pino-pretty writes a stack as it is. */
function shown(line: string): string {
  return line.replace(escapes, (found) => (found === "\\\\" ? found : `\\${found}`));
}
