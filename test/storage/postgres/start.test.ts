import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { ConnectionsOptions } from "../../../src/storage/postgres/connections.ts";
import { openDatabase } from "../../../src/storage/postgres/database.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const password = "s3cret: of the user";

describe.skipIf(isMissing("postgres"))("a database over TLS", () => {
  let server: PostgresServer;
  let authority: TestAuthority;
  let folder: string;
  const files = { ca: "", other: "", text: "" };

  beforeAll(async () => {
    folder = await temporaryFolder();
    authority = await TestAuthority.create();
    const certificate = await authority.issue(["localhost"]);
    server = await PostgresServer.start({ tls: { certificate, password } });
    const write = async (name: string, text: string) => {
      const path = join(folder, name);
      await Bun.write(path, text);
      return path;
    };
    files.ca = await write("ca.pem", authority.root);
    files.other = await write("other.pem", (await TestAuthority.create()).root);
    files.text = await write("text.pem", "no certificate");
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const urlOf = (host: string, query: string, user = "yurt") =>
    `postgres://${user}@${host}:${server.port}/yurt${query}`;

  /** The message for a database that cannot be used; undefined for one that can. */
  async function refusal(url: string, options: Omit<ConnectionsOptions, "url"> = {}) {
    try {
      const database = await openDatabase({ url, password: () => password, ...options });
      await database.close();
      return undefined;
    } catch (error) {
      expect(error).toMatchObject({ name: "DatabaseUnusable", kind: "unavailable" });
      const message = String(error);
      expect(message).not.toContain(password);
      return message;
    }
  }

  test("is used encrypted, and verified down to its host name", async () => {
    const url = urlOf("localhost", "?sslmode=verify-full");
    const database = await openDatabase({ url, password: () => password, caFile: files.ca });
    const [used] = await database.writer`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
    expect(used).toEqual({ ssl: true });
    expect(database.place).toBe(`localhost:${server.port}/yurt`);
    await database.close();
  });

  test("with a certificate of another authority is refused with the remedy", async () => {
    const remedy = "Name the file with the authority's certificate with cluster.ca-file.";
    const url = urlOf("localhost", "?sslmode=verify-full");
    expect(await refusal(url, { caFile: files.other })).toEndWith(remedy);
    expect(await refusal(url)).toEndWith(remedy);
  });

  test("with a certificate for another host name is refused, unless only the authority is verified", async () => {
    const sentence = "The certificate of the database is for another host name.";
    expect(await refusal(urlOf("127.0.0.1", "?sslmode=verify-full"), { caFile: files.ca })).toContain(sentence);
    expect(await refusal(urlOf("127.0.0.1", ""), { caFile: files.ca })).toContain(sentence);
    expect(await refusal(urlOf("127.0.0.1", "?sslmode=verify-ca"), { caFile: files.ca })).toBeUndefined();
  });

  test("with a file without certificates, or none, is refused before it connects", async () => {
    const url = urlOf("localhost", "");
    expect(await refusal(url, { caFile: files.text })).toContain("has no certificates");
    expect(await refusal(url, { caFile: join(folder, "missing.pem") })).toContain("cannot be read (ENOENT)");
  });

  test("takes the next password for new connections", async () => {
    let current = password;
    const url = urlOf("localhost", "?sslmode=require");
    const database = await openDatabase({ url, password: () => current });
    await database.pool`ALTER USER yurt PASSWORD 'next'`;
    current = "next";
    expect(await database.writer`SELECT 1 AS one`.values()).toEqual([[1]]);
    await database.pool.unsafe(`ALTER USER yurt PASSWORD '${password}'`);
    await database.close();
  });

  test.each([
    ["a wrong password", "?sslmode=require", () => "wrong", "Correct the user in cluster.url, or the password."],
    ["a parameter that Postgres does not know", "?foo=bar", () => password, "Remove the parameter from cluster.url."],
  ])("with %s is refused with the remedy", async (_, query, given, remedy) => {
    expect(await refusal(urlOf("localhost", query), { password: given })).toEndWith(remedy);
  });

  test("that does not exist, or in which no tables can be created, is refused with the remedy", async () => {
    const url = `postgres://yurt@localhost:${server.port}/missing?sslmode=require`;
    expect(await refusal(url)).toContain('database "missing" does not exist. Create it (createdb)');
    await using admin = server.connect();
    await admin.unsafe(`CREATE USER guest PASSWORD '${password}'`);
    expect(await refusal(urlOf("localhost", "?sslmode=require", "guest"))).toContain("grant CREATE on its schema.");
  });

  test("that may lose documents, or has hardly a connection left, is used with a warning", async () => {
    const settings = { listen_addresses: "127.0.0.1", fsync: "on", max_connections: "30" };
    await using spare = await PostgresServer.start({ settings });
    const url = await spare.newSchema();
    const first = await openDatabase({ url });
    expect(first.warnings).toEqual([]);
    const others = await Promise.all(Array.from({ length: 10 }, () => spare.connect().reserve()));
    const second = await openDatabase({ url });
    expect(second.warnings).toMatchObject([{ event: "database-connections-low", free: expect.any(Number) }]);
    for (const other of others) other.release();
    await Promise.all([first.close(), second.close()]);
    const unsafe = await openDatabase({ url: await server.newSchema() });
    expect(unsafe.warnings).toMatchObject([{ event: "database-fsync-off" }]);
    await unsafe.close();
  });

  test("that does not answer may answer later, one without TLS will not", async () => {
    const nobody = `postgres://yurt@localhost:${freePort()}/yurt`;
    const attempt = openDatabase({ url: nobody }).catch((error: unknown) => error);
    expect(await attempt).toMatchObject({ name: "DatabaseUnusable", mayPass: true });
    await using plain = await PostgresServer.start({ settings: { listen_addresses: "127.0.0.1" } });
    const url = `postgres://yurt@127.0.0.1:${plain.port}/yurt?sslmode=require`;
    expect(await openDatabase({ url }).catch((error: unknown) => error)).toMatchObject({
      mayPass: false,
      message: expect.stringMatching(/ does not speak TLS\. Switch it on there \(ssl = on\), or remove sslmode/),
    });
  });
});
