import { FFIType } from "bun:ffi";
import { readdirSync } from "node:fs";
import { canonicalAddress } from "../../lib/address/canonical-address.ts";
import { openCLibrary } from "../../lib/system/c-library.ts";
import type { SpareDescriptor } from "./spare-descriptor.ts";

/** Tells how many bytes this process has read from its TCP connections, also those that the runtime collects. */
export interface TcpSockets {
  /**
   * The bytes by the peer of each connection, as `peerName` writes it. Those in the kernel's receive queue are not
   * counted: there are complete frames among them while the process is busy. Takes about 2 µs for each open descriptor.
   */
  readBytes(): ReadonlyMap<string, number>;
}

/** The other end of a TCP connection. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** As `peerName` writes it. */
  readonly name: string;
  /** The port on this side. A server that has been stopped does not tell it any more. */
  readonly localPort: number;
}

export function peerName(address: string, port: number): string {
  return `${canonicalAddress(address) ?? address} ${port}`;
}

const calls = {
  getpeername: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  getsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
} as const;

// The numbers of Linux; those of tcp(7), of struct tcp_info, and of the request for the length of the receive queue.
const inet = 2;
const inet6 = 10;
const tcpLevel = 6;
const tcpInfo = 11;
const receivedOffset = 128;
const receiveQueue = 0x541b;

/** Undefined where the system does not tell, as on every system but Linux. */
export function openTcpSockets(spare: SpareDescriptor): TcpSockets | undefined {
  if (process.platform !== "linux") return undefined;
  const library = spare.use(openLibrary);
  return library && new LinuxTcpSockets(library.symbols, spare);
}

type Library = NonNullable<ReturnType<typeof openLibrary>>;

function openLibrary() {
  return openCLibrary(calls);
}

class LinuxTcpSockets implements TcpSockets {
  readonly #symbols: Library["symbols"];
  readonly #spare: SpareDescriptor;
  readonly #address = new Uint8Array(128);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #info = new Uint8Array(256);
  readonly #infoView = new DataView(this.#info.buffer);
  readonly #length = new Uint32Array(1);
  readonly #queued = new Int32Array(1);

  constructor(symbols: Library["symbols"], spare: SpareDescriptor) {
    this.#symbols = symbols;
    this.#spare = spare;
  }

  readBytes(): ReadonlyMap<string, number> {
    const bytes = new Map<string, number>();
    for (const name of this.#spare.use(() => readdirSync("/proc/self/fd"))) {
      const descriptor = Number(name);
      const peer = this.#peerOf(descriptor);
      const read = peer === undefined ? undefined : this.#readOn(descriptor);
      if (peer !== undefined && read !== undefined) bytes.set(peer, read);
    }
    return bytes;
  }

  #peerOf(descriptor: number): string | undefined {
    const address = this.#address;
    this.#length[0] = address.byteLength;
    if (this.#symbols.getpeername(descriptor, address, this.#length) !== 0) return undefined;
    const view = this.#addressView;
    const family = view.getUint16(0, true);
    const port = view.getUint16(2);
    // The canonical name, without the detour: most sockets are of this family.
    if (family === inet) return `${address[4]}.${address[5]}.${address[6]}.${address[7]} ${port}`;
    if (family !== inet6) return undefined;
    const groups = Array.from({ length: 8 }, (_, group) => view.getUint16(8 + 2 * group).toString(16));
    return peerName(groups.join(":"), port);
  }

  #readOn(descriptor: number): number | undefined {
    const info = this.#info;
    this.#length[0] = info.byteLength;
    if (this.#symbols.getsockopt(descriptor, tcpLevel, tcpInfo, info, this.#length) !== 0) return undefined;
    const isTold = (this.#length[0] ?? 0) >= receivedOffset + 8;
    // Asked last: what arrives meanwhile is then subtracted, not added.
    if (!isTold || this.#symbols.ioctl(descriptor, receiveQueue, this.#queued) !== 0) return undefined;
    return Number(this.#infoView.getBigUint64(receivedOffset, true)) - (this.#queued[0] ?? 0);
  }
}
