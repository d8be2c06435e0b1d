import { closeSync, constants, fstatSync, openSync } from "node:fs";

/**
 * Opens a file to read it. Anything but an ordinary file is refused: a pipe would wait for its writer, and a device may
 * have no end. Throws the system's error; its code is EISDIR for a folder and EINVAL for a pipe, a socket or a device.
 */
export function openRegularFile(path: string): number {
  // Without O_NONBLOCK, the call would wait until something opens the pipe to write.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return descriptor;
  closeSync(descriptor);
  const isFolder = stats.isDirectory();
  const error = new Error(isFolder ? "it is a folder" : "it is not an ordinary file");
  throw Object.assign(error, { code: isFolder ? "EISDIR" : "EINVAL" });
}
