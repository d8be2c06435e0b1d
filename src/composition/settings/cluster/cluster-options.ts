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
  "cluster.password": option<string | undefined>({
    kind: "text",
    schema: v.optional(v.pipe(v.string(), v.nonEmpty())),
    default: undefined,
    // Refused, as every example of a secret.
    example: "",
    expected: "the password of the database's user, as it is",
    help: "password for the database, if it is not in the URL",
    group: "Cluster",
    placeholder: "password",
    isSecret: true,
    isReloadable: true,
  }),
  "cluster.ca-file": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.path),
    default: undefined,
    example: "/etc/yurt/postgres-ca.pem",
    expected: "the path of a PEM file with certificates of authorities",
    help: "file with the authority (PEM) that signs the certificate of the database, which is verified then, with its host name",
    group: "Cluster",
    placeholder: "file",
  }),
};

/** The settings by which a command finds the database of a cluster. */
export const clusterKeys = Object.keys(clusterOptions) as readonly (keyof typeof clusterOptions)[];
