import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { YurtClient } from "../../../src/client/client.ts";
import { EventReader } from "../../support/api/event-reader.ts";
import { synced, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

/** A change on one node takes effect on all within this time. */
const soonMs = 1_000;
/** A machine that is busy with other tests may take longer. */
const patient = { retry: 2 };

describe.skipIf(isMissing("postgres"))("access to two servers on one database", () => {
  let postgres: PostgresServer;
  let url: string;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });

  afterAll(() => postgres[Symbol.asyncDispose]());

  beforeEach(async () => {
    url = await postgres.newSchema();
  });

  /** Neither server is given a secret: they have it from the database. */
  const start = () => startTestServer({ cluster: { url: new URL(url) }, auth: { mode: "token", secrets: [] } });
  const command = (...args: readonly string[]) => yurt([...args, "--cluster-url", url]);
  const minted = async (...args: readonly string[]) => (await command("token", ...args)).out.trim();
  const askAs = (token: string, method: string, path: string, body?: object) => (server: TestServer) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });

  /** Resolves with the code with which the connection is closed by the server. */
  function closing({ provider }: TestClient): Promise<number | undefined> {
    const closed = Promise.withResolvers<number | undefined>();
    provider.once("connection-close", (event: { readonly code: number } | null) => closed.resolve(event?.code));
    return closed.promise;
  }

  test.each([
    ["user", { user: "ann" }],
    ["room", { room: "notes/*" }],
  ])(
    "a revocation of a %s on one node ends its sessions on all within a second, and keeps it out",
    async (_, target) => {
      await using first = await start();
      await using second = await start();
      await using clients = new TestClients();
      const [admin, ann, ben] = [
        await minted("--admin"),
        await minted("notes/*", "--user", "ann"),
        await minted("other", "--user", "ben"),
      ];
      const near = clients.connectWith(ann, first.wsUrl, "notes/1");
      const far = clients.connectWith(ann, second.wsUrl, "notes/1");
      const bystander = clients.connectWith(ben, second.wsUrl, "other");
      await Promise.all([near, far, bystander].map(synced));
      const ends = Promise.all([near, far].map(closing));
      const revokedAt = performance.now();
      expect((await askAs(admin, "POST", "/api/revocations", target)(first)).status).toBe(201);
      expect(await ends).toEqual([4401, 4401]);
      expect(performance.now() - revokedAt).toBeLessThan(soonMs);
      const validated = await fetch(`${second.url}/api/validate?room=notes%2F1&token=${ann}`);
      expect(await validated.json()).toMatchObject({ granted: false, code: "revoked" });
      expect(bystander.provider.wsconnected).toBe(true);
      await using third = await start();
      expect((await fetch(`${third.url}/api/validate?room=notes%2F1&token=${ann}`)).status).toBe(401);
    },
  );

  test.each([
    ["deleted", "/v1/docs/notes"],
    ["purged", "/v1/docs/notes?purge=true"],
  ])(
    "members of a document that is %s on one node leave it on all within a second",
    async (_, path) => {
      await using first = await start();
      await using second = await start();
      await using clients = new TestClients();
      const [admin, token] = [await minted("--admin"), await minted("notes")];
      const near = clients.connectWith(token, first.wsUrl, "notes");
      const far = clients.connectWith(token, second.wsUrl, "notes");
      await Promise.all([near, far].map(synced));
      near.text.insert(0, "one");
      await eventually("it has arrived", () => far.text.toString() === "one");
      const ends = Promise.all([near, far].map(closing));
      const deletedAt = performance.now();
      // It is answered when the first server has closed the document.
      const deleting = askAs(admin, "DELETE", path)(first);
      expect(await ends).toEqual([4404, 4404]);
      expect(performance.now() - deletedAt).toBeLessThan(soonMs);
      expect((await deleting).status).toBe(204);
    },
    patient,
  );

  test("readers of events on one node are told of what another one writes and deletes, and their streams end with the document", async () => {
    await using first = await start();
    await using second = await start();
    const admin = await minted("--admin");
    const headers = { authorization: `Bearer ${admin}` };
    const write = async (text: string) => {
      const doc = new Y.Doc();
      doc.getText("text").insert(0, text);
      const written = await fetch(`${first.url}/v1/docs/notes/update`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/octet-stream" },
        body: Y.encodeStateAsUpdate(doc),
      });
      expect(written.ok).toBe(true);
    };
    await write("one");
    await using reader = await EventReader.open(`${second.url}/v1/docs/notes/events`, headers);
    await using all = await EventReader.open(`${second.url}/v1/events`, headers);
    expect([(await reader.next())?.event, (await all.next())?.event]).toEqual(["ready", "ready"]);
    await write("two");
    const update = await reader.next();
    expect([update?.event, Number(update?.id) > 1]).toEqual(["update", true]);
    for (const path of ["", "/undelete", "?purge=true"])
      await askAs(admin, path === "/undelete" ? "POST" : "DELETE", `/v1/docs/notes${path}`)(first);
    expect(await reader.next()).toMatchObject({ event: "end", data: { code: "document-deleted" } });
    const kinds: (string | undefined)[] = [];
    while (!kinds.includes("purged")) kinds.push((await all.next())?.event);
    expect(kinds.filter((kind) => kind !== "updated")).toEqual(["deleted", "undeleted", "deleted", "purged"]);
  });

  test(
    "an API key of a command, or of one node, is accepted by all, and refused within a second when it is revoked",
    async () => {
      await using first = await start();
      await using second = await start();
      const admin = await minted("--admin");
      const answer = await askAs(admin, "POST", "/v1/api-keys", { name: "app", scope: "docs:read" })(first);
      const { key } = (await answer.json()) as { readonly key: string };
      const robot = (await command("api-key", "create", "robot", "--scope", "docs:read")).out.trim();
      const statuses = async (token: string) =>
        Promise.all([first, second].map(async (server) => (await askAs(token, "GET", "/v1/docs")(server)).status));
      for (const each of [key, robot])
        await eventually("all accept it", async () => `${await statuses(each)}` === "200,200", soonMs);
      expect((await command("api-key", "list")).out).toMatch(/\tapp\n.*\trobot\n$/);
      expect((await askAs(admin, "DELETE", "/v1/api-keys/app")(second)).status).toBe(204);
      expect(await command("api-key", "revoke", "robot")).toEqual({ code: 0, out: "robot is revoked.\n", err: "" });
      for (const each of [key, robot])
        await eventually("all refuse it", async () => `${await statuses(each)}` === "401,401", soonMs);
    },
    patient,
  );

  test("while the database is away, keys and revocations stay in force, and new ones are errors to their callers", async () => {
    await using server = await start();
    const [admin, ann] = [await minted("--admin"), await minted("notes", "--user", "ann")];
    const key = (await command("api-key", "create", "robot", "--scope", "docs:read")).out.trim();
    const statusOf = async (token: string) => (await askAs(token, "GET", "/v1/docs")(server)).status;
    await eventually("the key is known", async () => (await statusOf(key)) === 200);
    await postgres.kill();
    try {
      const revoked = await askAs(admin, "POST", "/api/revocations", { user: "ann" })(server);
      expect([revoked.status, await revoked.text()]).toEqual([503, expect.stringContaining("could not be stored")]);
      const made = await askAs(admin, "POST", "/v1/api-keys", { name: "app", scope: "docs:read" })(server);
      expect([made.status, await made.json()]).toEqual([503, expect.objectContaining({ code: "storage-unavailable" })]);
      // The documents are out of reach, and the key is accepted.
      expect([await statusOf(key), await statusOf(`${key.slice(0, -1)}!`)]).toEqual([503, 401]);
      const asked = await fetch(`${server.url}/api/validate?room=notes&token=${ann}`);
      expect(await asked.json()).toMatchObject({ granted: false, code: "revoked" });
    } finally {
      await postgres.restart();
    }
    await eventually("a retry is kept", async () => {
      return (await askAs(admin, "POST", "/api/revocations", { user: "ann" })(server)).status === 201;
    });
    await using other = await start();
    expect((await fetch(`${other.url}/api/validate?room=notes&token=${ann}`)).status).toBe(401);
  });

  test("a link of one node, or of a command, lets an administrator in at any other, once in the cluster", async () => {
    await using first = await start();
    await using second = await start();
    const printed = await command("admin", "link", "--public-url", "https://example.com/yurt");
    const [, page, code = ""] = /^(.*)#code=(\S+)\n$/.exec(printed.out) ?? [];
    expect(page).toBe("https://example.com/yurt/admin");
    for (const each of [code, (await first.createAdminLink()).code]) {
      const { token } = await new YurtClient({ url: second.url }).server.createAdminSession(each);
      // The session holds on every node.
      for (const { url: node } of [first, second])
        expect((await new YurtClient({ url: node, token }).page({ deleted: true })).items).toEqual([]);
      for (const { url: node } of [first, second])
        await expect(new YurtClient({ url: node }).server.createAdminSession(each)).rejects.toMatchObject({
          code: "unauthorized",
        });
    }
  });
});
