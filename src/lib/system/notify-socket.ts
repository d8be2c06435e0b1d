import { FFIType } from "bun:ffi";
import { openCLibrary } from "./c-library.ts";

const calls = {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  setsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  sendto: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i64,
  },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
} as const;

// The numbers of Linux, the only system with systemd.
const addressFamilyUnix = 1;
const datagramSocket = 2;
const closeOnExec = 0o2000000;
const socketLevel = 1;
const sendTimeoutOption = 21;
const noSignal = 0x4000;
/** The path of a `sockaddr_un`, its last NUL left out. */
const maxPathBytes = 107;

/**
 * Sends a datagram to a unix socket: at a path, or in the abstract namespace for a name that begins with `@`. Bun has no
 * such sockets. Takes at most a second, for a receiver that reads nothing.
 *
 * Returns whether the system took it; false also on systems other than Linux.
 */
export function sendToUnixSocket(address: string, text: string): boolean {
  const socketAddress = process.platform === "linux" ? socketAddressOf(address) : undefined;
  const library = socketAddress && openCLibrary(calls);
  if (socketAddress === undefined || library === undefined) return false;
  const { socket, setsockopt, sendto, close } = library.symbols;
  try {
    const descriptor = socket(addressFamilyUnix, datagramSocket | closeOnExec, 0);
    if (descriptor < 0) return false;
    const timeout = new BigInt64Array([1n, 0n]);
    setsockopt(descriptor, socketLevel, sendTimeoutOption, timeout, timeout.byteLength);
    const bytes = new TextEncoder().encode(text);
    const sent = sendto(descriptor, bytes, bytes.byteLength, noSignal, socketAddress, socketAddress.byteLength);
    close(descriptor);
    return Number(sent) === bytes.byteLength;
  } finally {
    library.close();
  }
}

/** A `sockaddr_un`; undefined for what is no such address, or too long for one. */
function socketAddressOf(address: string): Uint8Array | undefined {
  const isAbstract = address.startsWith("@");
  if (!isAbstract && !address.startsWith("/")) return undefined;
  const path = new TextEncoder().encode(address);
  if (path.byteLength > maxPathBytes) return undefined;
  if (isAbstract) path[0] = 0;
  const bytes = new Uint8Array(2 + path.byteLength + (isAbstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, addressFamilyUnix, true);
  bytes.set(path, 2);
  return bytes;
}
