import { opcodes } from "./frames.ts";

/** The receiver of the frames. Bytes are valid only during the call. */
export interface FrameHandler {
  /**
   * A whole message. `length` is always that of the message; if it arrived in pieces, `bytes` holds at most its first
   * `keptBytes`.
   */
  message(bytes: Uint8Array, start: number, length: number): void;
  ping(payload: Uint8Array): void;
  pong(): void;
  /** The peer closes the connection, with this code if it sends one. */
  closing(code: number | undefined): void;
}

/** The longest header of an unmasked frame. */
const headerBytes = 10;

/** Parses a server's frames from the chunks of a stream. A frame that lies in one chunk is not copied. */
export class FrameParser {
  readonly #handler: FrameHandler;
  readonly #header = new Uint8Array(headerBytes);
  #headerLength = 0;
  /** The first bytes of a message that arrives in pieces. */
  readonly #kept: Uint8Array;
  #keptLength = 0;
  #opcode = 0;
  #length = 0;
  #missing = 0;

  /** `keptBytes` must be large enough for any control frame (125 bytes). */
  constructor(handler: FrameHandler, keptBytes = 128) {
    this.#handler = handler;
    this.#kept = new Uint8Array(keptBytes);
  }

  push(chunk: Uint8Array): void {
    let at = this.#headerLength > 0 || this.#missing > 0 ? this.#resume(chunk) : 0;
    while (at + 2 <= chunk.length) {
      const short = (chunk[at + 1] ?? 0) & 0x7f;
      const end = at + 2 + short;
      if (short > 125 || end > chunk.length) break;
      this.#deliver(chunk[at] ?? 0, chunk, at + 2, short);
      at = end;
    }
    while (at < chunk.length) at = this.#take(chunk, at);
  }

  /** Continues with the frame that the last chunk left incomplete. Returns where the next frame begins. */
  #resume(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && (this.#headerLength > 0 || this.#missing > 0)) at = this.#take(chunk, at);
    return at;
  }

  #take(chunk: Uint8Array, at: number): number {
    return this.#missing > 0 ? this.#takePayload(chunk, at) : this.#takeHeader(chunk, at);
  }

  #takeHeader(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      this.#header[this.#headerLength] = chunk[at] ?? 0;
      this.#headerLength += 1;
      at += 1;
      const length = payloadLength(this.#header, this.#headerLength);
      if (length !== undefined) return this.#begin(length, chunk, at);
    }
    return at;
  }

  #begin(length: number, chunk: Uint8Array, at: number): number {
    this.#headerLength = 0;
    const first = this.#header[0] ?? 0;
    if (at + length <= chunk.length) {
      this.#deliver(first, chunk, at, length);
      return at + length;
    }
    this.#opcode = first;
    this.#length = length;
    this.#missing = length;
    this.#keptLength = 0;
    return at;
  }

  #takePayload(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#missing, chunk.length - at);
    const kept = Math.min(taken, this.#kept.length - this.#keptLength);
    this.#kept.set(chunk.subarray(at, at + kept), this.#keptLength);
    this.#keptLength += kept;
    this.#missing -= taken;
    if (this.#missing === 0) this.#deliver(this.#opcode, this.#kept, 0, this.#length);
    return at + taken;
  }

  #deliver(first: number, bytes: Uint8Array, start: number, length: number): void {
    if (first === 0x82 || first === 0x81) this.#handler.message(bytes, start, length);
    else this.#control(first, bytes, start, length);
  }

  #control(first: number, bytes: Uint8Array, start: number, length: number): void {
    switch (first & 0x0f) {
      case opcodes.ping:
        this.#handler.ping(bytes.slice(start, start + length));
        break;
      case opcodes.pong:
        this.#handler.pong();
        break;
      case opcodes.close:
        this.#handler.closing(length >= 2 ? (bytes[start] ?? 0) * 256 + (bytes[start + 1] ?? 0) : undefined);
        break;
      default:
        throw new Error(`a server sent a frame that begins with ${first}`);
    }
  }
}

/** The payload length; undefined while the header is incomplete. */
function payloadLength(header: Uint8Array, have: number): number | undefined {
  if (have < 2) return undefined;
  const short = (header[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  const view = new DataView(header.buffer, header.byteOffset);
  if (short === 126) return have < 4 ? undefined : view.getUint16(2);
  return have < headerBytes ? undefined : Number(view.getBigUint64(2));
}
