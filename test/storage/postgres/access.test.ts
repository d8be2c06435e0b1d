import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SQL } from "bun";
import { type ApiKeyOrder, TooManyApiKeys } from "../../../src/auth/keys/api-keys.ts";
import type { Revocation } from "../../../src/auth/revocation.ts";
import { type Clock, systemClock } from "../../../src/lib/time/clock.ts";
import { type AccessTables, openAccessTables } from "../../../src/storage/postgres/access/access-tables.ts";
import { openDatabaseSecrets } from "../../../src/storage/postgres/access/database-secrets.ts";
import { openDatabase } from "../../../src/storage/postgres/database.ts";
import { describeAdminLinks } from "../../contract/admin-links.ts";
import { describeApiKeys } from "../../contract/api-keys.ts";
import { describeRevocationLog } from "../../contract/revocation-log.ts";
import { describeSecrets } from "../../contract/secrets.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { BreakingProxy } from "../../support/proxies/breaking-proxy.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const order: ApiKeyOrder = { name: "agent", scope: "docs:read", prefix: "" };

/** The access control of one node, which follows the others. */
interface Node extends AccessTables {
  /** The users of revocations that it has learned, in order. */
  readonly learned: readonly (string | undefined)[];
}

describe.skipIf(isMissing("postgres"))("access control in Postgres", () => {
  let server: PostgresServer;
  let url: string;
  let ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  beforeEach(async () => {
    url = await server.newSchema();
  });

  /** Closes all nodes. */
  async function closeAll(): Promise<void> {
    const closing = ends.toReversed();
    ends = [];
    for (const end of closing) await end();
  }

  async function connect(to = url): Promise<SQL> {
    const database = await openDatabase({ url: to });
    ends.push(() => database.close());
    return database.pool;
  }

  async function open(clock: Clock = systemClock, to = url): Promise<Node> {
    const tables = await openAccessTables({ pool: await connect(to), clock });
    const learned: (string | undefined)[] = [];
    tables.revocations.follow((revocations) => learned.push(...revocations.map(({ user }) => user)));
    await tables.follow();
    ends.push(() => tables.close());
    return Object.assign(tables, { learned });
  }

  /** The URL of the tables behind a proxy. */
  const behind = (proxy: BreakingProxy) =>
    url.replace(encodeURIComponent(server.socket), encodeURIComponent(proxy.socket));

  const revocationOf = (user: string, until = systemClock.now() + 86_400_000): Revocation => ({
    user,
    revokedAt: systemClock.now(),
    until,
  });

  describeApiKeys("API keys in Postgres", () => ({ open: async () => (await open()).apiKeys, remove: closeAll }));

  describeRevocationLog("a revocation log in Postgres", () => ({
    open: async (clock) => {
      const { close, revocations } = await openAccessTables({ pool: await connect(), clock });
      return Object.assign(revocations, { close });
    },
    remove: closeAll,
  }));

  describeSecrets("secrets in Postgres", () => ({
    open: async () => openDatabaseSecrets(await connect()),
    remove: closeAll,
  }));

  describeAdminLinks("links in Postgres", () => ({
    open: async () => (await open()).links,
    remove: closeAll,
    now: () => systemClock.now(),
  }));

  test("nodes that start at the same time on an empty database have the same secrets", async () => {
    const pools = await Promise.all(Array.from({ length: 6 }, () => connect()));
    const sources = await Promise.all(pools.map(openDatabaseSecrets));
    const names = ["auth.secret", "turn.secret", "auth.webhook-secret"] as const;
    for (const name of names) {
      const secrets = sources.map((source) => source.load(name));
      expect(new Set(secrets.map(({ text }) => text)).size).toBe(1);
      expect(secrets.filter(({ isNew }) => isNew)).toHaveLength(1);
    }
    await closeAll();
  });

  test("a revocation is learned once by every other node, and not by its own", async () => {
    const [a, b, c] = [await open(), await open(), await open()];
    await a.revocations.append(revocationOf("ann"));
    await b.revocations.append(revocationOf("ben"));
    await eventually("all have learned", () => [a, b, c].every(({ revocations }) => revocations.load().length === 2));
    await c.revocations.append(revocationOf("cleo"));
    await eventually("all have learned", () => [a, b].every(({ learned }) => learned.includes("cleo")));
    expect([a.learned, b.learned, c.learned]).toEqual([
      ["ben", "cleo"],
      ["ann", "cleo"],
      ["ann", "ben"],
    ]);
    await closeAll();
  });

  test("many revocations are learned, however they are read", async () => {
    const [a, b] = [await open(), await open()];
    const users = Array.from({ length: 1_200 }, (_, index) => `${index}`);
    await using database = server.connect(url);
    // As if another node had appended them at once.
    await database`
      INSERT INTO yurt_revocations (id, version, content, until)
      SELECT "user", "user"::bigint + 1, json_build_object('user', "user", 'revokedAt', 1, 'until', 9e15), 9e15
      FROM unnest(${database.array(users, "TEXT")}) AS "user"`;
    await database`UPDATE yurt_access SET version = 1200 WHERE name = 'revocations'`;
    await eventually("all are learned", () => [a, b].every(({ learned }) => learned.length === users.length));
    expect(a.learned).toEqual(users);
    expect((await open()).revocations.load().map(({ user }) => user)).toEqual(users);
    await closeAll();
  });

  test("a revocation is learned although this release cannot read one before it", async () => {
    const node = await open();
    const { revokedAt, until } = revocationOf("");
    const [content, later] = [JSON.stringify({ user: "ann", revokedAt, until }), JSON.stringify({ group: "x", until })];
    const database = await connect();
    await database.begin(async (transaction) => {
      await transaction`UPDATE yurt_access SET version = version + 2 WHERE name = 'revocations'`;
      await transaction`
        INSERT INTO yurt_revocations (id, version, content, until)
        VALUES ('1', 1, ${later}, ${until}::bigint), ('2', 2, ${content}, ${until}::bigint)`;
    });
    await eventually("it is learned", () => node.learned.includes("ann"));
  });

  test("changes are looked at once a second by a node whose rings are lost", async () => {
    using proxy = new BreakingProxy(server.socket);
    const clock = new FakeClock();
    const deaf = await open(clock, behind(proxy));
    proxy.deafen();
    const a = await open();
    const { text } = await a.apiKeys.create(order);
    await a.revocations.append(revocationOf("ann"));
    await eventually("it has looked", () => {
      clock.advance(1_000);
      return deaf.learned.length > 0 && deaf.apiKeys.find(text) !== undefined;
    });
    await closeAll();
  });

  describe("while the database is out of reach", () => {
    test("keys and revocations stay in force, none is added, and what others have changed is read afterwards", async () => {
      using proxy = new BreakingProxy(server.socket);
      const clock = new FakeClock();
      const [node, other] = [await open(clock, behind(proxy)), await open()];
      const { text } = await node.apiKeys.create(order);
      await node.revocations.append(revocationOf("ann"));
      expect(node.isCurrent).toBe(true);
      proxy.refuse();
      proxy.breakNext("request");
      const unavailable = { name: "StoreError", kind: "unavailable" };
      const failed = (task: Promise<unknown>) =>
        task.then(
          () => "done",
          (error: unknown) => error,
        );
      expect(await failed(node.revocations.append(revocationOf("ben")))).toMatchObject(unavailable);
      expect(await failed(node.apiKeys.create({ ...order, name: "other" }))).toMatchObject(unavailable);
      expect(await failed(node.apiKeys.revoke("agent"))).toMatchObject(unavailable);
      expect(await failed(node.links.create())).toMatchObject(unavailable);
      clock.advance(6_000);
      expect(node.isCurrent).toBe(false);
      expect(node.apiKeys.find(text)?.name).toBe("agent");
      expect(node.revocations.load().map(({ user }) => user)).toContain("ann");
      expect(await other.apiKeys.revoke("agent")).toBeDefined();
      await other.revocations.append(revocationOf("cleo"));
      proxy.accept();
      await eventually("it has read them", () => {
        clock.advance(1_000);
        return node.learned.includes("cleo") && node.apiKeys.find(text) === undefined;
      });
      await closeAll();
    });

    test("a database that does not answer is an error after 5 s", async () => {
      const clock = new FakeClock();
      const node = await open(clock);
      const [other] = [await connect()];
      await other?.begin(async (transaction) => {
        await transaction`LOCK TABLE yurt_access`;
        const appending = node.revocations.append(revocationOf("ann")).catch((error: unknown) => error);
        clock.advance(5_000);
        expect(await appending).toMatchObject({ name: "StoreError", kind: "unavailable" });
      });
      await closeAll();
    });
  });

  test("a key is made although the connection breaks before the commit is answered", async () => {
    using proxy = new BreakingProxy(server.socket);
    const node = await open(systemClock, behind(proxy));
    await using database = server.connect(url);
    await database.unsafe(`
      CREATE FUNCTION delay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER delayed AFTER INSERT ON yurt_api_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        EXECUTE FUNCTION delay()`);
    const making = node.apiKeys.create(order);
    const delayed = () => database`SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    await eventually("the commit takes long", async () => (await delayed()).length > 0);
    proxy.breakNext("answer");
    const { key, text } = await making;
    expect((await open()).apiKeys.find(text)).toEqual(key);
    await closeAll();
  });

  test("revocations that only the nodes still have are stored again, when a standby without them takes over", async () => {
    const clock = new FakeClock();
    const [a, b] = [await open(clock), await open()];
    await a.revocations.append(revocationOf("ann"));
    await a.revocations.append(revocationOf("ben"));
    await eventually("the other has learned", () => b.learned.length === 2);
    await using database = server.connect(url);
    await database.begin(async (transaction) => {
      await transaction`DELETE FROM yurt_revocations WHERE version > 1`;
      await transaction`UPDATE yurt_access SET version = 1 WHERE name = 'revocations'`;
    });
    const stored = async () => (await database`SELECT id FROM yurt_revocations`).length;
    await eventually("it is stored again", async () => {
      clock.advance(1_000);
      return (await stored()) === 2;
    });
    expect((await open()).revocations.load().map(({ user }) => user)).toEqual(["ann", "ben"]);
    // A version that was given twice hides nothing.
    await a.revocations.append(revocationOf("cleo"));
    await eventually("the other has learned", () => b.learned.includes("cleo"));
    expect(b.learned).toEqual(["ann", "ben", "cleo"]);
    await closeAll();
  });

  test("so are those that a database of the same versions lacks, which was started since, and its keys are read anew", async () => {
    using proxy = new BreakingProxy(server.socket);
    const clock = new FakeClock();
    const node = await open(clock, behind(proxy));
    const { text } = await node.apiKeys.create(order);
    await node.revocations.append(revocationOf("ann"));
    proxy.refuse();
    await server.kill();
    await server.restart();
    await using database = server.connect(url);
    await database`DELETE FROM yurt_revocations`;
    await database`DELETE FROM yurt_api_keys`;
    proxy.accept();
    await eventually("both are compared", async () => {
      clock.advance(1_000);
      const stored = await database`SELECT id FROM yurt_revocations`;
      return stored.length === 1 && node.apiKeys.find(text) === undefined;
    });
    expect(node.learned).toEqual([]);
    await closeAll();
  });

  test("rows of revocations that have ended are removed", async () => {
    const node = await open();
    await using database = server.connect(url);
    const stored = async () => (await database`SELECT id FROM yurt_revocations`).length;
    await database`INSERT INTO yurt_revocations (id, version, content, until) VALUES ('old', 0, '{}', 1)`;
    await node.revocations.append(revocationOf("ann"));
    await eventually("one is left", async () => (await stored()) === 1);
    await closeAll();
  });

  test("a row that is no revocation keeps a node from starting", async () => {
    await open();
    await using database = server.connect(url);
    await database`INSERT INTO yurt_revocations (id, version, content, until) VALUES ('bad', 1, '{}', 9e15)`;
    await database`UPDATE yurt_access SET version = 1 WHERE name = 'revocations'`;
    await expect(open()).rejects.toMatchObject({ name: "StoreError", kind: "corrupt" });
    await closeAll();
  });

  test("the number of keys has a bound, for all nodes together", async () => {
    const [a, b] = [await open(), await open()];
    await using database = server.connect(url);
    await database`
      INSERT INTO yurt_api_keys (id, name, scope, prefix, created_at, hash)
      SELECT number, number, 'docs:read', '', 0, number FROM generate_series(1, 9999) AS number`;
    const made = await Promise.allSettled([a.apiKeys.create(order), b.apiKeys.create({ ...order, name: "b" })]);
    const refused = made.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(refused).toEqual([expect.any(TooManyApiKeys)]);
    await closeAll();
  });

  test("a link is used once in the cluster, and at most 256 are valid", async () => {
    const [a, b] = [await open(), await open()];
    const { code } = await a.links.create();
    const uses = await Promise.all([a, b].map(({ links }) => links.use(code)));
    expect(uses.toSorted()).toEqual([false, true]);
    await using database = server.connect(url);
    await database`
      INSERT INTO yurt_admin_links (hash, ends_at)
      SELECT number, now() + interval '1 second' * number FROM generate_series(1, 300) AS number`;
    const last = await b.links.create();
    expect(await database`SELECT hash FROM yurt_admin_links`).toHaveLength(256);
    expect(await a.links.use(last.code)).toBe(true);
    await database`UPDATE yurt_admin_links SET ends_at = now()`;
    const ended = await b.links.create();
    await database`UPDATE yurt_admin_links SET ends_at = now()`;
    expect(await a.links.use(ended.code)).toBe(false);
    await closeAll();
  });
});
