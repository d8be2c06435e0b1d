import type { Frame } from "../connection.ts";
import type { WaitingItems } from "../inbox.ts";

/** Larger frames are kept as they are: copying would cost more than it saves. */
const maxPackedBytes = 1024;
const minCapacity = 4 * 1024;
/** Before each packed frame: its kind, and its length in two bytes. */
const headBytes = 3;
const kinds = { text: 0, binary: 1, unpacked: 2 } as const;

/**
 * Frames that wait, the small ones in one buffer: an object for each would take a hundred bytes more, and a client can
 * send a million frames of one byte.
 */
export class FrameQueue implements WaitingItems<Frame> {
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** The frames that are not in the buffer, where only their kind is. */
  #unpacked: { readonly frame: Frame; readonly bytes: number }[] = [];
  #firstUnpacked = 0;
  #unpackedBytes = 0;
  #count = 0;

  /** The number of frames. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#end - this.#start + this.#unpackedBytes;
  }

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  add(frame: Frame, bytes: number): void {
    this.#count += 1;
    const isPacked = bytes <= maxPackedBytes;
    this.#reserve(headBytes + (isPacked ? bytes : 0));
    if (!isPacked) {
      this.#writeHead(kinds.unpacked, 0);
      this.#unpacked.push({ frame, bytes });
      this.#unpackedBytes += bytes;
    } else if (typeof frame === "string") {
      this.#writeHead(kinds.text, bytes);
      this.#end += this.#buffer.write(frame, this.#end);
    } else {
      this.#writeHead(kinds.binary, bytes);
      this.#buffer.set(frame, this.#end);
      this.#end += bytes;
    }
  }

  take(): Frame | undefined {
    if (this.isEmpty) return undefined;
    const kind = this.#buffer[this.#start];
    const length = this.#buffer.readUInt16LE(this.#start + 1);
    const from = this.#start + headBytes;
    this.#start = from + length;
    const frame = kind === kinds.unpacked ? this.#takeUnpacked() : this.#unpack(kind, from);
    this.#count -= 1;
    if (this.isEmpty) this.clear();
    return frame;
  }

  clear(): void {
    this.#buffer = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
    this.#unpacked = [];
    this.#firstUnpacked = 0;
    this.#unpackedBytes = 0;
    this.#count = 0;
  }

  #writeHead(kind: number, length: number): void {
    this.#buffer[this.#end] = kind;
    this.#buffer.writeUInt16LE(length, this.#end + 1);
    this.#end += headBytes;
  }

  #unpack(kind: number | undefined, from: number): Frame {
    if (kind === kinds.text) return this.#buffer.toString("utf8", from, this.#start);
    // Copied: the session may keep the frame, or parts of it.
    return new Uint8Array(this.#buffer.subarray(from, this.#start));
  }

  #takeUnpacked(): Frame | undefined {
    const first = this.#unpacked[this.#firstUnpacked];
    this.#firstUnpacked += 1;
    this.#unpackedBytes -= first?.bytes ?? 0;
    // A queue that is never empty must not keep what was taken.
    if (2 * this.#firstUnpacked > this.#unpacked.length) {
      this.#unpacked = this.#unpacked.slice(this.#firstUnpacked);
      this.#firstUnpacked = 0;
    }
    return first?.frame;
  }

  /** Makes room for so many bytes: drops what was taken, and doubles the buffer if that is not enough. */
  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.byteLength) return;
    const waiting = this.#buffer.subarray(this.#start, this.#end);
    const needed = waiting.byteLength + bytes;
    const isRoomy = 2 * needed <= this.#buffer.byteLength;
    const buffer = isRoomy ? this.#buffer : Buffer.allocUnsafeSlow(Math.max(minCapacity, 2 * needed));
    buffer.set(waiting, 0);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = waiting.byteLength;
  }
}
