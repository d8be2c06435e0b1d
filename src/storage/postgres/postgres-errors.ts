import { SQL } from "bun";
import { errorCode } from "../../lib/error-code.ts";
import { StoreError, type StoreErrorKind } from "../store.ts";

/** Runs `task`, and translates the errors of Postgres and of its connections into `StoreError`. */
export async function translateErrors<Result>(task: () => Promise<Result>): Promise<Result> {
  try {
    return await task();
  } catch (error) {
    throw storeErrorOf(error);
  }
}

function storeErrorOf(error: unknown): unknown {
  const certificate = certificateProblem(error);
  if (certificate !== undefined) return new StoreError("unavailable", `Postgres: ${certificate}`, { cause: error });
  if (!(error instanceof SQL.SQLError)) return error;
  const state = error instanceof SQL.PostgresError ? error.errno : undefined;
  return new StoreError(kindOf(state), `Postgres: ${error.message}`, { cause: error });
}

/** The codes of the runtime for a certificate that is not accepted. Its errors have no class of their own. */
const certificateCodes = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|ERR_SSL_|ERR_BORINGSSL|INVALID_CA)/;

/** Says in sentences why the certificate of the server is not accepted, and what to do; undefined for another error. */
export function certificateProblem(error: unknown): string | undefined {
  const code = errorCode(error);
  if (error instanceof SQL.SQLError || code === undefined || !certificateCodes.test(code)) return undefined;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "The certificate of the database is for another host name. Give the name that is in it with cluster.url.";
  if (code === "CERT_HAS_EXPIRED") return "The certificate of the database has expired. Renew it.";
  const remedy = "Name the file with the authority's certificate with cluster.ca-file.";
  return `The certificate of the database is not signed by an authority that is trusted (${code}). ${remedy}`;
}

/** `state` is a SQLSTATE: PostgreSQL's documentation, appendix "PostgreSQL Error Codes". */
function kindOf(state: string | undefined): StoreErrorKind {
  if (state === "53100") return "full";
  return state === "XX001" || state === "XX002" ? "corrupt" : "unavailable";
}

/**
 * Whether the statement that has failed may be committed all the same: its connection broke before the answer, or the
 * server ended it. An error of the statement itself has a SQLSTATE of another class.
 */
export function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof SQL.PostgresError)) return error instanceof SQL.SQLError;
  return error.errno === undefined || error.errno.startsWith("57P") || error.errno.startsWith("08");
}

/** Whether the connection was established, and broke. */
export function isConnectionBroken(error: unknown): boolean {
  if (!(error instanceof SQL.PostgresError)) return false;
  return error.code === "ERR_POSTGRES_CONNECTION_CLOSED" || error.errno === "57P01" || error.errno === "57P02";
}

/** Whether the transaction has waited for another one that has waited for it, and was rolled back. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof SQL.PostgresError && error.errno === "40P01";
}

/** Whether a value was NULL where that is not allowed. */
export function isValueMissing(error: unknown): boolean {
  return error instanceof SQL.PostgresError && (error.errno === "23502" || error.errno === "23514");
}

/** After a restart of the database all connections of a pool are broken, and each is found out by a statement. */
const maxAttempts = 8;

/** Runs `task`, and again as long as connections break and `mayRepeat`. */
export async function repeatWhileBroken<Result>(
  task: () => Promise<Result>,
  mayRepeat: () => boolean = () => true,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      if (attempt === maxAttempts || !isConnectionBroken(error) || !mayRepeat()) throw error;
    }
  }
}
