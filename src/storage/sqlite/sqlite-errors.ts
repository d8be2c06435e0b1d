import { SQLiteError } from "bun:sqlite";
import { StoreError, type StoreErrorKind } from "../store.ts";

/** Runs `task`, and translates SQLite's errors into `StoreError`. */
export function translateErrors<Result>(task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    if (error instanceof SQLiteError) throw new StoreError(kindOf(error), error.message, { cause: error });
    throw error;
  }
}

function kindOf({ code }: SQLiteError): StoreErrorKind {
  if (code === "SQLITE_FULL") return "full";
  return code?.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" ? "corrupt" : "unavailable";
}
