import { StoreError } from "../../storage/store.ts";

/** Why a data folder could not be used and what to do; undefined when it is not the surroundings' fault. */
export function describeDataTrouble(error: unknown, data: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // By their names, because their classes belong to one implementation of the storage.
  switch (error.name) {
    case "DataFolderLocked":
      return `${error.message} Stop that server, or choose another with --data.`;
    case "DatabaseIsNewer":
      return `The documents in ${data} are left as they are. ${error.message}`;
    case "SecretsFileUnreadable":
      return `The secrets in ${data} cannot be read. ${error.message} Put it right, or remove it: new ones are made then.`;
    case "RevocationsUnreadable":
      return `What was revoked cannot be read from ${data}. ${error.message} Put it right, or remove that line.`;
    case "DatabaseMissing":
      return `There are no documents in ${data}. Choose another data folder with --data.`;
  }
  if (error instanceof StoreError) return storeTrouble(error, data);
  return "code" in error ? systemTrouble(error.code, data) : undefined;
}

function storeTrouble({ kind, message }: StoreError, data: string): string | undefined {
  if (kind === "full") return systemTrouble("ENOSPC", data);
  if (kind === "unavailable") return undefined;
  return (
    `The documents in ${data} cannot be read: ${message}. Nothing was changed. ` +
    "Put a backup in their place with yurt restore <backup>; it keeps what is there now aside."
  );
}

function systemTrouble(code: unknown, data: string): string | undefined {
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
