import { readSync } from "node:fs";
import { errorCode } from "../../lib/error-code.ts";

/** A line that is too long to be read. */
export interface LongLine {
  readonly bytes: number;
}

const chunkBytes = 256 * 1_024;
/** The wait for the writer of a pipe that was opened without waiting. */
const pauseMs = 20;
const newline = 0x0a;

/**
 * Reads the lines of an open file or pipe, without their ends. Of a line with more than `maxBytes` only its length is
 * returned. Throws the system's error.
 */
export function* textLines(descriptor: number, maxBytes: number): Generator<string | LongLine> {
  const line = new Line(maxBytes);
  for (const chunk of chunks(descriptor)) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      line.add(chunk.subarray(start, end));
      yield line.take();
      start = end + 1;
    }
    line.add(chunk.subarray(start));
  }
  if (line.bytes > 0) yield line.take();
}

class Line {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(part: Buffer): void {
    this.bytes += part.byteLength;
    // The chunk's memory is used again.
    if (this.bytes <= this.#maxBytes) this.#parts.push(Buffer.from(part));
    else this.#parts = [];
  }

  take(): string | LongLine {
    const { bytes } = this;
    const line = bytes > this.#maxBytes ? { bytes } : Buffer.concat(this.#parts).toString();
    this.#parts = [];
    this.bytes = 0;
    return line;
  }
}

function* chunks(descriptor: number): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    const bytes = readOrWait(descriptor, buffer);
    if (bytes === 0) return;
    yield buffer.subarray(0, bytes);
  }
}

function readOrWait(descriptor: number, buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer, 0, buffer.byteLength, null);
    } catch (error) {
      if (errorCode(error) === "EOF") return 0;
      if (errorCode(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}
