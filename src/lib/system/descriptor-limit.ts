import { FFIType } from "bun:ffi";
import { openCLibrary } from "./c-library.ts";

const calls = { getrlimit: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 } } as const;

/** RLIMIT_NOFILE, by platform. */
const openFilesLimits: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 7, darwin: 8 };

/** The limits on the file descriptors that this process may have open at once: files and sockets together. */
export interface DescriptorLimit {
  /** The limit in force. The runtime raises it to `hard` when the process starts. */
  readonly soft: number;
  /** The greatest limit that the process may set by itself. `Infinity` for none. */
  readonly hard: number;
}

/** Reads the limits; undefined where the system does not tell, as on Windows. */
export function descriptorLimit(): DescriptorLimit | undefined {
  const resource = openFilesLimits[process.platform];
  const library = resource === undefined ? undefined : openCLibrary(calls);
  if (resource === undefined || library === undefined) return undefined;
  const limits = new BigUint64Array(2);
  const [soft, hard] = library.symbols.getrlimit(resource, limits) === 0 ? limits : [];
  library.close();
  return soft === undefined || hard === undefined ? undefined : { soft: finite(soft), hard: finite(hard) };
}

/** RLIM_INFINITY is 2⁶⁴ - 1 on Linux, and 2⁶³ - 1 on macOS. */
function finite(limit: bigint): number {
  return limit >= 2n ** 63n - 1n ? Number.POSITIVE_INFINITY : Number(limit);
}
