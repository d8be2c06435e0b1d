/** WebSocket frames of a client (RFC 6455 §5) are encoded ahead, so that sending them is one write. */

const mask = Uint8Array.of(0x5a, 0xc3, 0x17, 0x9e);

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type SentOpcode = (typeof opcodes)["text" | "binary" | "ping" | "pong"];

/** Encodes one masked, unfragmented frame. */
export function encodeFrame(payload: Uint8Array, opcode: SentOpcode = opcodes.binary): Uint8Array {
  const frame = new Uint8Array(frameLength(payload.length));
  writeFrame(frame, { at: 0, payload, opcode });
  return frame;
}

/** Frames in one buffer; any run of consecutive frames can be sent in one write. */
export class FrameSequence {
  readonly #bytes: Uint8Array;
  /** The end of each frame in the buffer. */
  readonly #ends: Uint32Array;

  constructor(payloads: readonly Uint8Array[], opcode: SentOpcode = opcodes.binary) {
    const length = payloads.reduce((sum, payload) => sum + frameLength(payload.length), 0);
    this.#bytes = new Uint8Array(length);
    this.#ends = new Uint32Array(payloads.length);
    let at = 0;
    payloads.forEach((payload, index) => {
      writeFrame(this.#bytes, { at, payload, opcode });
      at += frameLength(payload.length);
      this.#ends[index] = at;
    });
  }

  get count(): number {
    return this.#ends.length;
  }

  /** The frames from `first` up to but excluding `end`. */
  slice(first: number, end: number): Uint8Array {
    return this.#bytes.subarray(this.#ends[first - 1] ?? 0, this.#ends[end - 1] ?? 0);
  }
}

function frameLength(payloadBytes: number): number {
  return headerLength(payloadBytes) + mask.length + payloadBytes;
}

function headerLength(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

interface Frame {
  readonly at: number;
  readonly payload: Uint8Array;
  readonly opcode: SentOpcode;
}

function writeFrame(into: Uint8Array, { at, payload, opcode }: Frame): void {
  const header = new DataView(into.buffer, into.byteOffset + at);
  header.setUint8(0, 0x80 | opcode);
  const headerBytes = headerLength(payload.length);
  if (headerBytes === 2) {
    header.setUint8(1, 0x80 | payload.length);
  } else if (headerBytes === 4) {
    header.setUint8(1, 0x80 | 126);
    header.setUint16(2, payload.length);
  } else {
    header.setUint8(1, 0x80 | 127);
    header.setBigUint64(2, BigInt(payload.length));
  }
  into.set(mask, at + headerBytes);
  const start = at + headerBytes + mask.length;
  for (let index = 0; index < payload.length; index += 1) {
    into[start + index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
}
