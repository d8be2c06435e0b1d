import { SQL } from "bun";
import { errorCode } from "../../lib/error-code.ts";
import { DatabaseUnusable } from "./database-unusable.ts";
import { certificateProblem } from "./postgres-errors.ts";

const withoutPooler =
  "Connect to Postgres itself, and not to a transaction pooler, such as PgBouncer in transaction mode";
const inSessionMode = "Connect to Postgres itself, or have PgBouncer ignore the parameter, in session mode";

/** Remedies by SQLSTATE: PostgreSQL's documentation, appendix "PostgreSQL Error Codes". */
const remedies: Readonly<Record<string, string>> = {
  "28P01": "Correct the user in cluster.url, or the password",
  "28000": "Let the user in (pg_hba.conf), or correct cluster.url",
  "3D000": "Create it (createdb), or correct cluster.url",
  "3F000": "Create the schema, or correct the search path",
  "42501": "Make the user the owner of the database, or grant CREATE on its schema",
  "42704": "Remove the parameter from cluster.url",
  // A prepared statement exists already, or does not exist: the transaction has another connection.
  "42P05": withoutPooler,
  "26000": withoutPooler,
};

const withoutTls = "Switch it on there (ssl = on), or remove sslmode and cluster.ca-file";

/** Errors of a server that starts or ends, or of one that has no connection left. */
const passing = /^(57P0|53300)/;

/** Explains why a database could not be opened. An error that the environment did not cause stays as it is. */
export function explained(error: unknown, place: string): unknown {
  if (error instanceof DatabaseUnusable) return error;
  const certificate = certificateProblem(error);
  if (certificate !== undefined) return new DatabaseUnusable(certificate, { cause: error });
  if (!(error instanceof SQL.SQLError)) return error;
  const state = error instanceof SQL.PostgresError ? (error.errno ?? "") : "";
  const isOfPooler = state === "08P01" && error.message.startsWith("unsupported startup parameter");
  const remedy = isOfPooler ? inSessionMode : remedies[state];
  if (remedy !== undefined) return unusable(`${place}: ${error.message}. ${remedy}.`, error);
  if (passing.test(state)) return unusable(`${place}: ${error.message}. Start again later.`, error, true);
  if (state !== "") return unusable(`${place}: ${error.message}.`, error);
  // Nothing listens, the name is unknown, or nothing answers in time: the runtime does not tell these apart.
  if (errorCode(error) !== "ERR_POSTGRES_TLS_NOT_AVAILABLE")
    return unusable(`${place} does not answer. Start it, or correct cluster.url.`, error, true);
  return unusable(`${place} does not speak TLS. ${withoutTls}.`, error);
}

function unusable(sentences: string, cause: Error, mayPass = false): DatabaseUnusable {
  return new DatabaseUnusable(`The database ${sentences}`, { cause, mayPass });
}
