import { within } from "../../within.ts";
import { FrameParser } from "./frame-parser.ts";
import { encodeFrame, opcodes } from "./frames.ts";

export interface LoadSocketOptions {
  readonly port: number;
  /** The path of the URL, percent-encoded. */
  readonly path: string;
  /** A whole message. If it arrived in pieces, `bytes` holds at most its first `keptBytes`. */
  readonly message: (bytes: Uint8Array, start: number, length: number) => void;
  /** Called after all messages of one read. */
  readonly readEnded?: () => void;
  readonly pong?: () => void;
  /** Called when the connection ends before `close`. */
  readonly lost?: (reason: string) => void;
  readonly keptBytes?: number;
}

const connectLimitMs = 20_000;
const endOfHead = Buffer.from("\r\n\r\n");
const switchingProtocols = /^HTTP\/1\.1 101 /;

/** A WebSocket client with as little work as possible: frames are encoded ahead, and messages are read in place. */
export class LoadSocket {
  readonly #options: LoadSocketOptions;
  readonly #parser: FrameParser;
  readonly #opened = Promise.withResolvers<void>();
  #socket: Bun.Socket | undefined;
  #head: Buffer | undefined = Buffer.alloc(0);
  /** The bytes that the kernel has not taken yet. */
  #unsent: Uint8Array[] = [];
  #isClosing = false;
  #failure: string | undefined;

  private constructor(options: LoadSocketOptions) {
    this.#options = options;
    const pong = options.pong ?? (() => {});
    const handler = {
      message: options.message,
      ping: (payload: Uint8Array) => this.write(encodeFrame(payload, opcodes.pong)),
      pong,
      closing: (code: number | undefined) => this.#fail(`the server closed the connection with ${code}`),
    };
    this.#parser = new FrameParser(handler, options.keptBytes);
  }

  /** Resolves when the server has accepted the upgrade. */
  static async connect(options: LoadSocketOptions): Promise<LoadSocket> {
    const socket = new LoadSocket(options);
    await within(connectLimitMs, `connecting to ${options.path}`, socket.#connect());
    return socket;
  }

  /** Writes any number of frames, which must not change afterwards. Does nothing when the connection is lost. */
  write(frames: Uint8Array): void {
    if (this.#failure !== undefined) return;
    if (this.#unsent.length > 0) this.#unsent.push(frames);
    else this.#push(frames);
  }

  /** The reason why the connection ended before `close`; undefined if it has not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Ends the connection without a closing handshake, because some servers would wait for its end. */
  close(): void {
    this.#isClosing = true;
    this.#socket?.end();
  }

  async #connect(): Promise<void> {
    const { port, path } = this.#options;
    this.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => this.#received(chunk),
        drain: () => this.#drain(),
        close: () => this.#fail("the server ended the connection"),
        error: (_, error) => this.#fail(error.message),
      },
    });
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: eXVydC1iZW5jaC1sb2FkLQ==",
    ];
    this.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
    await this.#opened.promise;
  }

  #received(chunk: Buffer): void {
    if (this.#head !== undefined) {
      this.#receivedHead(this.#head, chunk);
      return;
    }
    this.#parser.push(chunk);
    this.#options.readEnded?.();
  }

  #receivedHead(before: Buffer, chunk: Buffer): void {
    const head = Buffer.concat([before, chunk]);
    const end = head.indexOf(endOfHead);
    this.#head = end === -1 ? head : undefined;
    if (end === -1) return;
    if (!switchingProtocols.test(head.toString("latin1", 0, end))) {
      this.#fail(`the upgrade was refused: ${head.toString("latin1", 0, end)}`);
      return;
    }
    this.#opened.resolve();
    if (head.length > end + endOfHead.length) this.#received(head.subarray(end + endOfHead.length));
  }

  #push(frames: Uint8Array): void {
    const written = this.#socket?.write(frames) ?? 0;
    if (written < 0) this.#fail("the connection is closed");
    else if (written < frames.length) this.#unsent.unshift(frames.subarray(written));
  }

  #drain(): void {
    const waiting = this.#unsent;
    this.#unsent = [];
    for (const frames of waiting) {
      if (this.#unsent.length > 0) this.#unsent.push(frames);
      else this.#push(frames);
    }
  }

  #fail(reason: string): void {
    if (this.#isClosing || this.#failure !== undefined) return;
    this.#failure = reason;
    this.#options.lost?.(reason);
    this.#opened.reject(new Error(reason));
    // The promise has no other handler once the connection has been open.
    this.#opened.promise.catch(() => {});
  }
}
