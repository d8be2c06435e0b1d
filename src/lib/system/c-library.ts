import { dlopen, type FFIFunction } from "bun:ffi";

/** The C library's names on Linux, with glibc and with musl, and on macOS. */
const names = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libSystem.B.dylib"];

/** Opens functions of the system's C library; undefined where it has another name, as on Windows. */
export function openCLibrary<Calls extends Record<string, FFIFunction>>(
  calls: Calls,
): ReturnType<typeof dlopen<Calls>> | undefined {
  for (const name of names) {
    try {
      return dlopen(name, calls);
    } catch {
      // The next name is tried.
    }
  }
  return undefined;
}
