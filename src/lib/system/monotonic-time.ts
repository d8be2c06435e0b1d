import { FFIType } from "bun:ffi";
import { openCLibrary } from "./c-library.ts";

const calls = { clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 } } as const;

/** CLOCK_MONOTONIC of Linux. */
const monotonicClock = 1;

/**
 * Reads the system's monotonic clock, in microseconds. Other programs read the same one, unlike `performance.now` and
 * `process.hrtime`, which begin with the process. Undefined on systems other than Linux.
 */
export function monotonicMicroseconds(): bigint | undefined {
  const library = process.platform === "linux" ? openCLibrary(calls) : undefined;
  if (library === undefined) return undefined;
  const time = new BigInt64Array(2);
  const [seconds, nanoseconds] = library.symbols.clock_gettime(monotonicClock, time) === 0 ? time : [];
  library.close();
  return seconds === undefined || nanoseconds === undefined ? undefined : seconds * 1_000_000n + nanoseconds / 1_000n;
}
