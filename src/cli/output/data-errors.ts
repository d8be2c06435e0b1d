import { userInfo } from "node:os";
import { StoreError } from "../../storage/store.ts";

/** Why a data folder could not be used, and the remedy; undefined for an error that the environment did not cause. */
export function describeDataError(error: unknown, data: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Errors are known by name, because their classes belong to one implementation of the storage.
  switch (error.name) {
    case "DataFolderLocked":
      return `${error.message} Stop that server, or choose another folder with --data.`;
    case "DatabaseUnusable":
    case "ForeignFile":
      return error.message;
    case "DatabaseIsNewer":
      return `The documents in ${data} were written by a newer release of Yurt. ${error.message}`;
    case "SecretsFileUnreadable":
      return `The secrets in ${data} cannot be read. ${error.message} Correct it, or remove it: new secrets are generated then.`;
    case "RevocationsUnreadable":
      return `The revocations in ${data} cannot be read. ${error.message} Correct or remove that line.`;
    case "ApiKeysUnreadable":
      return `The API keys in ${data} cannot be read. ${error.message} Correct it, or remove it: all keys are invalid then.`;
    case "ApiKeyNameTaken":
      return `${error.message} Choose another name, or revoke that key with yurt api-key revoke.`;
    case "TooManyApiKeys":
      return `${error.message} Revoke those that are not used with yurt api-key revoke.`;
    case "DatabaseMissing":
      return `No Yurt data in ${data}. Start the server once, or pass --data.`;
  }
  if (error instanceof StoreError) return describeStoreError(error, data);
  return "code" in error ? describeSystemError(error.code, data) : undefined;
}

function describeStoreError({ kind, message }: StoreError, data: string): string | undefined {
  if (kind === "full") return describeSystemError("ENOSPC", data);
  if (kind === "unavailable") return undefined;
  return (
    `The documents in ${data} cannot be read: ${message}. Nothing was changed. ` +
    "Restore a backup with yurt restore <file>; the damaged database is kept."
  );
}

function describeSystemError(code: unknown, data: string): string | undefined {
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `The data folder ${data} is not writable by ${currentUser()}. Choose another with --data.`;
    case "EEXIST":
    case "ENOTDIR":
      return `The data folder ${data} is not a folder. Choose another with --data.`;
    case "ENOSPC":
      return `The disk of the data folder ${data} is full. Free some space, or choose another folder with --data.`;
    case "ENOENT":
    case "EINVAL":
    case "ELOOP":
    case "ENAMETOOLONG":
      return `The data folder ${data} cannot be created (${code}). Choose another with --data.`;
    default:
      return undefined;
  }
}

/** The user that the process runs as; a user without an entry in the system's list has a number only. */
function currentUser(): string {
  const uid = process.getuid?.();
  try {
    return `user ${userInfo().username} (uid ${uid})`;
  } catch {
    return `uid ${uid}`;
  }
}
