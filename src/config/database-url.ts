import { percentDecode } from "../lib/percent-decode.ts";

/**
 * The modes of `sslmode` in the URL of a Postgres database, from the weakest to the strongest:
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS
 */
export const sslModes: readonly string[] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** The `sslmode` of a URL if it is none of `sslModes`. */
export function unknownSslMode({ searchParams }: URL): string | undefined {
  const mode = searchParams.get("sslmode");
  return mode === null || sslModes.includes(mode) ? undefined : mode;
}

/** The server and the name of a database, for people, without anything confidential. */
export function placeOfDatabase({ host, pathname, searchParams }: URL): string {
  const database = (percentDecode(pathname.slice(1)) ?? pathname.slice(1)) || searchParams.get("dbname");
  // The client prefers parameters to the host of the URL. One that is a path has the place of a socket, or of its folder.
  const server = searchParams.get("path") ?? searchParams.get("host") ?? percentDecode(host) ?? host;
  return server.startsWith("/") ? `${database} (socket ${server})` : `${server || "localhost"}/${database}`;
}
