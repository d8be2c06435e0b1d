import { dlopen, FFIType } from "bun:ffi";
import { eventually } from "../../eventually.ts";

const calls = {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
} as const;

/** MSG_DONTWAIT of Linux. */
const doNotWait = 0x40;

/** The socket on which a service manager receives notifications: Linux, with glibc, only. */
export class NotifyReceiver implements Disposable {
  readonly #library = dlopen("libc.so.6", calls);
  readonly #descriptor: number;
  readonly #received: string[] = [];

  /** `address`: a path, or a name of the abstract namespace behind `@`. */
  constructor(address: string) {
    const { socket, bind } = this.#library.symbols;
    this.#descriptor = socket(1, 2, 0);
    const bytes = Buffer.from(`\u0001\0${address.replace("@", "\0")}`);
    if (bind(this.#descriptor, bytes, bytes.byteLength) !== 0) throw new Error(`cannot bind ${address}`);
  }

  /** All notifications so far: each is the lines of one datagram. */
  get received(): readonly string[] {
    const buffer = new Uint8Array(4_096);
    for (;;) {
      const length = Number(this.#library.symbols.recv(this.#descriptor, buffer, buffer.byteLength, doNotWait));
      if (length < 0) return this.#received;
      this.#received.push(new TextDecoder().decode(buffer.subarray(0, length)));
    }
  }

  /** Resolves with the notifications once there are `count` of them that begin with `line`. */
  async has(count: number, line: string): Promise<readonly string[]> {
    const found = () => this.received.filter((text) => text.startsWith(line));
    await eventually(`${count} times ${line}`, () => found().length >= count);
    return found();
  }

  [Symbol.dispose](): void {
    this.#library.symbols.close(this.#descriptor);
    this.#library.close();
  }
}
