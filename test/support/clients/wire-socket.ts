import { connect, type Socket } from "node:net";

/** The options of a socket. */
export interface WireOptions {
  /** Called with the payload of each whole message. */
  readonly received?: (message: Uint8Array) => void;
  /** The most bytes that are read in a second. */
  readonly bytesPerSecond?: number;
}

const windowMs = 10;
const opcodes = { continuation: 0, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/**
 * A WebSocket client on a bare TCP socket. Unlike a library, it can stop reading, read slowly, and disconnect without a
 * close frame.
 */
export class WireSocket {
  /** Resolves when the TCP connection has ended, with the code of the received close frame, if there was one. */
  readonly closed: Promise<number | undefined>;
  readonly #socket: Socket;
  readonly #options: WireOptions;
  readonly #upgraded = Promise.withResolvers<void>();
  /** Bytes that are read and not parsed yet. */
  #buffer = new GrowingBuffer();
  #hasUpgraded = false;
  #fragments: Uint8Array[] = [];
  #closeCode: number | undefined;
  #windowBytes = 0;
  #isPaused = false;

  private constructor(port: number, path: string, options: WireOptions) {
    this.#options = options;
    this.#socket = connect(port, "127.0.0.1");
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", () => {
        this.#upgraded.reject(new Error("closed before the upgrade"));
        resolve(this.#closeCode);
      });
    });
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
  }

  /** Resolves when the WebSocket is open. */
  static async connect(port: number, path: string, options: WireOptions = {}): Promise<WireSocket> {
    const socket = new WireSocket(port, path, options);
    await socket.#upgraded.promise;
    return socket;
  }

  /** The local TCP port. */
  get port(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Sends one binary message. */
  send(message: Uint8Array): void {
    this.#write(opcodes.binary, message);
  }

  /** Sends bytes `from` to `to` of the frame of a binary message, as a slow link does. The caller sends the rest. */
  sendPart(message: Uint8Array, from: number, to?: number): void {
    this.#socket.write(clientFrame(opcodes.binary, message).subarray(from, to));
  }

  /** Stops reading: the server's messages pile up before this socket. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Half-closes the TCP connection (FIN), without a close frame. */
  end(): void {
    this.#socket.end();
  }

  /** Resets the TCP connection (RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #write(opcode: number, payload: Uint8Array): void {
    this.#socket.write(clientFrame(opcode, payload));
  }

  #read(chunk: Uint8Array): void {
    this.#throttle(chunk.byteLength);
    this.#buffer.append(chunk);
    if (!this.#hasUpgraded) this.#readUpgrade();
    if (!this.#hasUpgraded) return;
    for (let frame = takeFrame(this.#buffer); frame !== undefined; frame = takeFrame(this.#buffer)) this.#take(frame);
  }

  #throttle(bytes: number): void {
    const { bytesPerSecond } = this.#options;
    if (bytesPerSecond === undefined) return;
    this.#windowBytes += bytes;
    const durationMs = (this.#windowBytes / bytesPerSecond) * 1_000;
    if (durationMs < windowMs) return;
    this.#windowBytes = 0;
    this.#socket.pause();
    setTimeout(() => {
      if (!this.#isPaused) this.#socket.resume();
    }, durationMs);
  }

  #readUpgrade(): void {
    const text = new TextDecoder("latin1").decode(this.#buffer.bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return;
    this.#buffer.drop(end + 4);
    this.#hasUpgraded = text.startsWith("HTTP/1.1 101");
    if (this.#hasUpgraded) this.#upgraded.resolve();
    else this.#upgraded.reject(new Error(text.split("\r\n")[0]));
  }

  #take({ opcode, isLast, payload }: WireFrame): void {
    if (opcode === opcodes.ping) this.#write(opcodes.pong, payload);
    if (opcode === opcodes.close) {
      this.#closeCode = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
      this.#socket.end();
    }
    if (opcode >= opcodes.close) return;
    this.#fragments.push(payload);
    if (!isLast) return;
    const message = this.#fragments.length === 1 ? payload : Uint8Array.from(Buffer.concat(this.#fragments));
    this.#fragments = [];
    this.#options.received?.(message);
  }
}

interface WireFrame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Uint8Array;
}

/** A buffer that grows at its end and shrinks at its beginning without a copy each time. */
class GrowingBuffer {
  #all = new Uint8Array(65_536);
  #start = 0;
  #end = 0;

  get bytes(): Uint8Array {
    return this.#all.subarray(this.#start, this.#end);
  }

  append(chunk: Uint8Array): void {
    if (this.#end + chunk.byteLength > this.#all.byteLength) this.#makeRoom(chunk.byteLength);
    this.#all.set(chunk, this.#end);
    this.#end += chunk.byteLength;
  }

  drop(count: number): void {
    this.#start += count;
  }

  #makeRoom(count: number): void {
    const { bytes } = this;
    const all = new Uint8Array(Math.max(this.#all.byteLength, 2 * (bytes.byteLength + count)));
    all.set(bytes);
    this.#all = all;
    this.#start = 0;
    this.#end = bytes.byteLength;
  }
}

/** Parses a frame (RFC 6455 §5.2); undefined while it is incomplete. */
function takeFrame(buffer: GrowingBuffer): WireFrame | undefined {
  const { bytes } = buffer;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 2) return undefined;
  const shortLength = view.getUint8(1) & 0x7f;
  const headerBytes = shortLength < 126 ? 2 : shortLength === 126 ? 4 : 10;
  if (bytes.byteLength < headerBytes) return undefined;
  const longLength = () => (shortLength === 126 ? view.getUint16(2) : Number(view.getBigUint64(2)));
  const length = shortLength < 126 ? shortLength : longLength();
  if (bytes.byteLength < headerBytes + length) return undefined;
  const payload = bytes.slice(headerBytes, headerBytes + length);
  buffer.drop(headerBytes + length);
  return { opcode: view.getUint8(0) & 0x0f, isLast: view.getUint8(0) >= 0x80, payload };
}

/** Encodes a whole message in one frame. The mask, which is required, is all zeros. */
function clientFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { byteLength } = payload;
  const lengthBytes = byteLength < 126 ? 0 : byteLength < 65_536 ? 2 : 8;
  const frame = new Uint8Array(2 + lengthBytes + 4 + byteLength);
  const view = new DataView(frame.buffer);
  view.setUint8(0, 0x80 | opcode);
  view.setUint8(1, 0x80 | (lengthBytes === 0 ? byteLength : lengthBytes === 2 ? 126 : 127));
  if (lengthBytes === 2) view.setUint16(2, byteLength);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(byteLength));
  frame.set(payload, 2 + lengthBytes + 4);
  return frame;
}
