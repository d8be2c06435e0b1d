import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { synced, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

const withinMs = 1_000;
const rooms = { notes: "write", other: "write" } as const;

describe.skipIf(isMissing("postgres"))("within a second, on all three nodes", () => {
  let postgres: PostgresServer;
  let cluster: TestCluster<3>;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    cluster = await TestCluster.start(3, postgres, { auth: { mode: "token", secrets: [secret] } });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  /** The codes of the closes of a client's connections. */
  function closesOf({ provider }: TestClient): readonly number[] {
    const codes: number[] = [];
    provider.on("connection-close", (event) => codes.push(event?.code ?? 0));
    return codes;
  }

  async function api(node: number, method: string, path: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${await tokenFor({}, { admin: true })}` };
    const request = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const response = await fetch(`${cluster.nodes[node as 0].url}${path}`, request);
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  /** A client of this user on each node. */
  async function onAllNodes(clients: TestClients, document: string, user: string): Promise<readonly TestClient[]> {
    const token = await tokenFor(rooms, { sub: user });
    const connected = cluster.nodes.map(({ wsUrl }) => clients.connectWith(token, wsUrl, document));
    await Promise.all(connected.map(synced));
    return connected;
  }

  test("the sessions of a revoked user end, and those of others stay", async () => {
    await using clients = new TestClients();
    const [revoked, others] = [await onAllNodes(clients, "notes", "ann"), await onAllNodes(clients, "notes", "bob")];
    const closes = revoked.map(closesOf);
    const otherCloses = others.map(closesOf);
    await revoke(cluster.nodes[0].url, { user: "ann" });
    await eventually("all are ended", () => closes.every((codes) => codes.length > 0), withinMs);
    await eventually("for good", () => revoked.every(({ provider }) => !provider.shouldConnect));
    expect(closes.map((codes) => codes.at(-1))).toEqual([4401, 4401, 4401]);
    expect(otherCloses).toEqual([[], [], []]);
  });

  test("a deleted document ends, for y-websocket and Hocuspocus", async () => {
    await using clients = new TestClients();
    const token = await tokenFor(rooms);
    const members = await onAllNodes(clients, "notes", "cat");
    await using others = new AsyncDisposableStack();
    const providers = kinds
      .filter(({ version }) => version > 2)
      .map((kind) => others.use(new HocuspocusClients(kind, cluster.nodes[2].wsUrl)).attach("notes", { token }));
    await Promise.all(providers.map(saved));
    members[0]?.text.insert(0, "to be deleted");
    await eventually("stored", () => members.every(({ text }) => text.length > 0));
    const closes = members.map(closesOf);
    await api(1, "DELETE", "/v1/docs/notes");
    await eventually("all are ended", () => closes.every((codes) => codes.length > 0), withinMs);
    await eventually(
      "the providers are refused",
      () => providers.every(({ failures }) => failures.length > 0),
      withinMs,
    );
    expect(closes.map((codes) => codes[0])).toEqual([4404, 4404, 4404]);
  });

  test("all clients of a document are disconnected, and come back", async () => {
    await using clients = new TestClients();
    const members = await onAllNodes(clients, "other", "dan");
    const closes = members.map(closesOf);
    expect(await api(2, "POST", "/v1/docs/other/disconnect")).toMatchObject({ disconnected: 3 });
    await eventually("all are disconnected", () => closes.every((codes) => codes.length > 0), withinMs);
    expect(closes).toEqual([[4501], [4501], [4501]]);
    await Promise.all(members.map(synced));
  });
});
