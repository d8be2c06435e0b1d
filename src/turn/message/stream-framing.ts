import { readUint16, readUint32 } from "./big-endian.ts";
import { channelHeaderBytes } from "./channel-data.ts";
import { frameKind } from "./frame-kind.ts";
import { cookieOffset, headerBytes, magicCookie, padded } from "./stun-header.ts";

/** The number of bytes at the start of a frame that contain its length. */
const lengthBytes = 4;
/** A longer buffer is released when it is empty. */
const keptBytes = 4_096;
const incomplete = 0;
const garbage = -1;

/**
 * Cuts the bytes of a TCP or TLS connection into messages (RFC 8656 §3.1, §12.5). At most one message is held, of up to
 * 65,552 bytes, and only as much of it as has arrived.
 */
export class StreamFraming {
  /** The bytes of the message that is not complete yet. */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  #isEstablished = false;

  /** The number of bytes that are held until the rest of their message arrives. */
  get pendingBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Calls `deliver` for each message that is complete: STUN, or ChannelData without its padding. The message may lie in
   * `chunk`, and is valid until `deliver` returns.
   *
   * Returns "garbage" when the stream is no TURN: the connection must be closed, and nothing more be pushed. A stream
   * begins with a STUN message, so that HTTP is garbage and not ChannelData of channel 0x4745.
   */
  push(chunk: Uint8Array, deliver: (message: Uint8Array) => void): "garbage" | undefined {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const isHeld = this.#heldBytes > 0;
      if (isHeld) rest = this.#complete(rest);
      const bytes = isHeld ? this.#held.subarray(0, this.#heldBytes) : rest;
      const length = this.#frameLength(bytes);
      if (length === garbage) return "garbage";
      if (length !== incomplete && length <= bytes.byteLength) {
        if (isHeld) this.#release();
        else rest = rest.subarray(length);
        this.#isEstablished = true;
        deliver(messageIn(bytes, length));
      } else if (!isHeld) {
        this.#hold(rest);
        return undefined;
      }
    }
    return undefined;
  }

  /** Moves bytes from `chunk` that complete the held length or message; returns the rest of `chunk`. */
  #complete(chunk: Uint8Array): Uint8Array {
    const length = this.#frameLength(this.#held.subarray(0, this.#heldBytes));
    const wanted = (length === incomplete ? this.#nextLookBytes() : length) - this.#heldBytes;
    this.#hold(chunk.subarray(0, wanted));
    return chunk.subarray(wanted);
  }

  /** The number of bytes at which `#frameLength` can tell more. */
  #nextLookBytes(): number {
    return this.#heldBytes < lengthBytes ? lengthBytes : cookieOffset + 4;
  }

  /** The length of the message at the start of `bytes`, with padding; `incomplete` or `garbage`. */
  #frameLength(bytes: Uint8Array): number {
    const kind = frameKind(bytes);
    if (kind === undefined || (kind === "channel-data" && !this.#isEstablished)) return garbage;
    if (bytes.byteLength < lengthBytes) return incomplete;
    const length = readUint16(bytes, 2);
    if (kind === "channel-data") return channelHeaderBytes + padded(length);
    if (length % 4 !== 0) return garbage;
    if (bytes.byteLength < cookieOffset + 4) return incomplete;
    return readUint32(bytes, cookieOffset) === magicCookie ? headerBytes + length : garbage;
  }

  #hold(bytes: Uint8Array): void {
    const end = this.#heldBytes + bytes.byteLength;
    if (end > this.#held.byteLength) {
      const grown = new Uint8Array(Math.max(end, Math.min(2 * this.#held.byteLength, headerBytes + 0xffff)));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = end;
  }

  /** Forgets the message that is held; its bytes stay until the next `#hold`. */
  #release(): void {
    this.#heldBytes = 0;
    if (this.#held.byteLength > keptBytes) this.#held = new Uint8Array(0);
  }
}

function messageIn(bytes: Uint8Array, length: number): Uint8Array {
  if (frameKind(bytes) === "stun") return bytes.subarray(0, length);
  return bytes.subarray(0, channelHeaderBytes + readUint16(bytes, 2));
}
