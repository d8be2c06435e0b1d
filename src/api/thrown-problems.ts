import { StoreError, type StoreErrorKind } from "../storage/store.ts";
import { type CloseReason, closeReasons, SessionError } from "../transport/close-reason.ts";
import { Problem, type ProblemCode } from "./problems.ts";

/** The problems that stand for the reasons with which a connection would be closed. */
const codesOfReasons: ReadonlyMap<CloseReason, ProblemCode> = new Map<CloseReason, ProblemCode>([
  [closeReasons.malformedFrame, "malformed-update"],
  [closeReasons.frameTooLarge, "body-too-large"],
  [closeReasons.documentDeleted, "document-deleted"],
  [closeReasons.storageUnavailable, "storage-unavailable"],
  [closeReasons.overloaded, "overloaded"],
  [closeReasons.restart, "stopping"],
]);

const codesOfStore: Readonly<Record<StoreErrorKind, ProblemCode>> = {
  unavailable: "storage-unavailable",
  full: "storage-full",
  corrupt: "internal-error",
};

const temporary: readonly ProblemCode[] = ["storage-unavailable", "storage-full", "overloaded", "stopping"];

/** The problem that an error stands for; undefined for a failure of the server. */
export function problemOfError(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  const code = codeOf(error);
  if (code === undefined || code === "internal-error") return undefined;
  const headers: Record<string, string> = temporary.includes(code) ? { "retry-after": "5" } : {};
  return new Problem(code, sentenceOf(error), { headers });
}

function codeOf(error: unknown): ProblemCode | undefined {
  if (error instanceof SessionError) return codesOfReasons.get(error.reason);
  return error instanceof StoreError ? codesOfStore[error.kind] : undefined;
}

/** The message of a store's error may name files of the server. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof SessionError)) return "The server cannot use its store at this time. Try again later.";
  const isOfUpdate = error.reason === closeReasons.malformedFrame || error.reason === closeReasons.frameTooLarge;
  return isOfUpdate ? `The update is refused: ${error.message}.` : `${capitalized(error.message)}.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
