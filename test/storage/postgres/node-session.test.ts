import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { type Database, openDatabase } from "../../../src/storage/postgres/database.ts";
import { NodeSession } from "../../../src/storage/postgres/node-session.ts";
import { openStoreIn } from "../../../src/storage/postgres/postgres-store.ts";
import { numbersIn, updateOf } from "../../support/bytes/counting.ts";
import { fastClock } from "../../support/cluster/fast-clock.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { CuttingProxy } from "../../support/proxies/cutting-proxy.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const clock = fastClock(25);

describe.skipIf(isMissing("postgres"))("the session of a node", () => {
  let server: PostgresServer;
  let url: string;
  let opened: AsyncDisposableStack;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  beforeEach(async () => {
    url = await server.newSchema();
    opened = new AsyncDisposableStack();
  });

  afterEach(() => opened.disposeAsync());

  async function connect(to = url): Promise<Database> {
    return opened.adopt(await openDatabase({ url: to }), (database) => database.close());
  }

  async function open(database: Database, mayLead = true): Promise<NodeSession> {
    return opened.use(await NodeSession.open({ database, clock, mayLead }));
  }

  test("leads on one node, and on the next one when that ends", async () => {
    const first = await open(await connect());
    const second = await open(await connect());
    const third = await open(await connect(), false);
    expect([first, second, third].map(({ isLeading }) => isLeading)).toEqual([true, false, false]);
    const leads = Promise.withResolvers<void>();
    second.whenLeadChanges(() => leads.resolve());
    await first[Symbol.asyncDispose]();
    await leads.promise;
    expect([first, second, third].map(({ isLeading }) => isLeading)).toEqual([false, true, false]);
  });

  test("locks no document, whatever its name", async () => {
    const database = await connect();
    await open(database);
    const store = openStoreIn(database, { clock: systemClock, metrics: createMetrics() });
    const [{ schema }] = await database.pool`SELECT current_schema()::text AS schema`;
    expect(await store.append([{ document: `yurt lead ${schema}`, update: updateOf([1]) }])).toEqual([1]);
    await store.close();
  });

  test("passes the lead on when its connection breaks, as when its process is killed", async () => {
    const first = await open(await connect());
    const second = await open(await connect());
    const changes: string[] = [];
    first.whenLeadChanges(() => changes.push(`first ${first.isLeading}`));
    second.whenLeadChanges(() => changes.push(`second ${second.isLeading}`));
    await using admin = server.connect(url);
    await admin`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`;
    await eventually("one leads", () => first.isLeading !== second.isLeading && changes.length > 0);
    expect(changes[0]).toBe("first false");
  });

  test("knows within seconds that it does not lead any more when the database is out of reach", async () => {
    await using proxy = await CuttingProxy.to(server.socket);
    const session = await open(await connect(await server.newSchema(proxy.socket)));
    expect(session.isLeading).toBe(true);
    proxy.cut();
    await eventually("it does not lead", () => !session.isLeading);
    expect(session.silentMs).toBeGreaterThan(2_900);
    proxy.mend();
    await eventually("it leads again", () => session.isLeading);
  });

  test("gives up the connections to a host that has vanished, and an append is stored once", async () => {
    await using proxy = await CuttingProxy.to(server.socket);
    const database = await connect(await server.newSchema(proxy.socket));
    await open(database, false);
    const store = openStoreIn(database, { clock: systemClock, metrics: createMetrics() });
    await store.append([{ document: "d", update: updateOf([1]) }]);
    await store.follow({ appended: () => {}, changed: () => {}, missed: () => {}, reverted: () => {} });

    proxy.cut();
    const batch = [{ document: "d", update: updateOf([2]) }];
    const begunAt = performance.now();
    const append = async () => store.append(batch);
    const failure = append().catch((error: unknown) => error);
    const loading = store.load("d").catch((error: unknown) => error);
    expect(await failure).toMatchObject({ name: "StoreError", kind: "unavailable" });
    expect(await loading).toMatchObject({ name: "StoreError", kind: "unavailable" });
    // The deadline and the attempts to connect: without them the keepalive of TCP would end it after a minute.
    expect(performance.now() - begunAt).toBeLessThan(20_000);

    proxy.mend({ forgets: true });
    await eventually("it is stored", () =>
      append().then(
        () => true,
        () => false,
      ),
    );
    const found = await store.load("d");
    expect(found && numbersIn(found)).toEqual([1, 2]);
    expect(found?.tail.length).toBe(2);
    await store.close();
  });
});
