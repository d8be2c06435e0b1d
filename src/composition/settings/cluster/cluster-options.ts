import * as v from "valibot";
import { option } from "../../../config/option.ts";
import * as schemas from "../../../config/schemas.ts";

/** The database that several servers share. */
export const clusterOptions = {
  "cluster.url": option<URL | undefined>({
    kind: "text",
    schema: v.optional(schemas.postgresUrl),
    default: undefined,
    example: "postgres://yurt@db.example.com:5432/yurt",
    expected:
      "a postgres:// URL with a host and a database, such as postgres://yurt@db.example.com:5432/yurt; " +
      "characters such as @, / and # in a password are percent-encoded",
    help: "Postgres database for the documents, instead of SQLite; all servers with the same database are one server to clients",
    group: "Cluster",
    placeholder: "url",
  }),
};
