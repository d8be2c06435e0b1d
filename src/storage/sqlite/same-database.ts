import { Database } from "bun:sqlite";
import { type FileFacts, isSameFile, systemFiles } from "../file-identity.ts";

/**
 * Opens a database that this process has open already. Throws if the path has come to name another file since, or
 * SQLite's error.
 */
export function openSameDatabase(
  file: string,
  identity: FileFacts,
  options: { readonly readonly: true } | { readonly readwrite: true },
): Database {
  const opened = new Database(file, options);
  const found = systemFiles.at(file);
  if (found === undefined || !isSameFile(found, identity)) {
    opened.close(true);
    throw new Error(`${file} is not the open database any more`);
  }
  return opened;
}
