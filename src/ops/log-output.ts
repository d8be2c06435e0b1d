import { writeSync } from "node:fs";
import { errorCode } from "../lib/error-code.ts";
import { writableCheck } from "../lib/system/writable.ts";
import type { Clock } from "../lib/time/clock.ts";

/** A file, pipe or terminal that may not take everything at once. */
export interface Sink {
  /** Whether a write of `pieceBytes` would not block. */
  readonly isWritable: () => boolean;
  /** Returns the number of bytes that were taken. May throw the system's error. */
  readonly write: (bytes: Uint8Array) => number;
}

export interface LogOutputOptions {
  readonly sink: Sink;
  readonly clock: Clock;
}

/** A pipe that is reported as writable takes this many bytes without blocking (PIPE_BUF). */
const pieceBytes = 4_096;
/** The lines that wait for a reader that has stopped, in characters. Further ones are dropped. */
const waitingLength = 1_048_576;
const retryMs = 50;

const encoder = new TextEncoder();

/**
 * Writes the lines of a log to a sink, before the call returns if the sink takes them.
 *
 * A terminal whose output is held, or a program that has stopped reading the log, would block the whole process: their
 * lines wait, up to a bound, and further ones are dropped and counted.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  #waiting: string[] = [];
  #waitingLength = 0;
  /** The rest of a line of which a part was taken. */
  #rest: Uint8Array | undefined;
  #droppedLines = 0;
  #isBroken = false;
  #isRetrying = false;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  write(line: string): void {
    if (this.#isBroken) return;
    if (this.#waitingLength + line.length > waitingLength) {
      this.#droppedLines += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (!this.#isRetrying) this.#flush();
  }

  #flush(): void {
    this.#isRetrying = false;
    while (this.#next() && !this.#isBroken) {
      if (this.#options.sink.isWritable() && this.#writePiece()) continue;
      this.#isRetrying = true;
      this.#options.clock.after(retryMs, () => this.#flush());
      return;
    }
  }

  /** Takes the next line as the rest that is to be written; false if there is none. */
  #next(): boolean {
    if (this.#rest !== undefined) return true;
    const line = this.#waiting.shift();
    this.#waitingLength -= line?.length ?? 0;
    const text = line ?? this.#takeDropped();
    if (text !== undefined) this.#rest = encoder.encode(text);
    return text !== undefined;
  }

  #takeDropped(): string | undefined {
    if (this.#droppedLines === 0) return undefined;
    const line = JSON.stringify({ level: "warn", event: "log-lines-dropped", lines: this.#droppedLines });
    this.#droppedLines = 0;
    return `${line}\n`;
  }

  /** Returns false when the sink takes nothing now. */
  #writePiece(): boolean {
    const rest = this.#rest ?? new Uint8Array();
    try {
      const taken = this.#options.sink.write(rest.subarray(0, pieceBytes));
      this.#rest = taken < rest.byteLength ? rest.subarray(taken) : undefined;
      return taken > 0;
    } catch (error) {
      // The reader has closed the pipe, or the disk is full: a log cannot report that.
      this.#isBroken = errorCode(error) === "EPIPE";
      if (errorCode(error) === "EAGAIN") return false;
      this.#rest = undefined;
      return true;
    }
  }
}

/** Standard output. */
export function standardOutput(clock: Clock): LogOutput {
  const descriptor = 1;
  const sink = { isWritable: writableCheck(descriptor), write: (bytes: Uint8Array) => writeSync(descriptor, bytes) };
  return new LogOutput({ sink, clock });
}
