import { FFIType, ptr } from "bun:ffi";
import { openCLibrary } from "../../lib/system/c-library.ts";

const calls = {
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
} as const;

/** The numbers of the options, by platform: SOL_SOCKET and SO_RCVBUF; ip(7) and ipv6(7) for Linux. */
const socketLevels: Readonly<Partial<Record<NodeJS.Platform, readonly [level: number, receiveBuffer: number]>>> = {
  linux: [1, 8],
  darwin: [0xffff, 0x1002],
};
const receivedErrors = { 4: [0, 11], 6: [41, 25] } as const;

/** The part of a UDP socket of Bun that its types leave out. */
interface WithDescriptor {
  readonly fd?: unknown;
}

/**
 * Sets options of UDP sockets that the runtime has no call for, where the C library is found. Without them everything
 * works, with more lost packets.
 */
export class SocketOptions implements Disposable {
  #library = openCLibrary(calls);
  readonly #value = new Int32Array(1);

  /**
   * Keeps the errors of former packets away from the next ones, and enlarges the receive buffer to `receiveBytes`.
   *
   * The runtime sets IP_RECVERR: after an ICMP error for one client, the next packet to any other is refused with
   * ECONNREFUSED. The buffer holds what arrives while the event loop is busy.
   */
  prepare(socket: Bun.udp.Socket<"buffer">, { family, receiveBytes }: { family: 4 | 6; receiveBytes: number }): void {
    const { fd } = socket as WithDescriptor;
    if (typeof fd !== "number" || fd < 0) return;
    if (process.platform === "linux") this.#set(fd, receivedErrors[family], 0);
    const receiveBuffer = socketLevels[process.platform];
    if (receiveBuffer !== undefined) this.#set(fd, receiveBuffer, receiveBytes);
  }

  /** Closes the C library. Sockets that are still being opened get no options. */
  [Symbol.dispose](): void {
    this.#library?.close();
    this.#library = undefined;
  }

  /** A failure is ignored: the option keeps its former value. */
  #set(descriptor: number, [level, option]: readonly [number, number], value: number): void {
    this.#value[0] = value;
    this.#library?.symbols.setsockopt(descriptor, level, option, ptr(this.#value), this.#value.byteLength);
  }
}
