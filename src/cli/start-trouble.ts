import type { Values } from "../config/options.ts";
import { StoreError } from "../storage/store.ts";

/** Why the server could not start and what to do; undefined when it is not the surroundings' fault. */
export function describeStartTrouble(error: unknown, { host, port, data }: Values): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // By its name, because its class belongs to one implementation of the storage.
  if (error.name === "DataFolderLocked") return `${error.message} Stop that server, or choose another with --data.`;
  const code = "code" in error ? error.code : undefined;
  if ("syscall" in error && error.syscall === "listen") return listenTrouble(code, host, port);
  if (error instanceof StoreError && error.kind === "corrupt") {
    return `The documents in ${data} cannot be read: ${error.message}. Put a backup in their place.`;
  }
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `The data folder ${data} cannot be written. Choose another with --data.`;
    case "EEXIST":
    case "ENOTDIR":
      return `The data folder ${data} is not a folder. Choose another with --data.`;
    case "ENOSPC":
      return `The disk that holds the data folder ${data} is full.`;
    default:
      return undefined;
  }
}

function listenTrouble(code: unknown, host: string, port: number): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use. Choose another with --port, or stop the program that uses it.`;
    case "EADDRNOTAVAIL":
      return `This machine has no address ${host}. Choose another with --host.`;
    case "EACCES":
      return `Port ${port} is reserved for the administrator. Choose one above 1023 with --port.`;
    default:
      return undefined;
  }
}
