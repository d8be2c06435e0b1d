import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { converged, disconnected, synced, TestClients } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("documents on three nodes", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  test("are the same for y-websocket clients of all nodes, who write at the same time", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    await using clients = new TestClients();
    const members = cluster.nodes.map(({ wsUrl }) => clients.connect(wsUrl, "notes"));
    await Promise.all(members.map(synced));
    const typists = members.map(({ text }, index) => typist(text, `${index}`));
    for (let round = 0; round < 20; round += 1) {
      for (const type of typists) type(5);
      await Promise.resolve();
    }
    await converged(members);
    const late = clients.connect(cluster.nodes[1].wsUrl, "notes");
    await synced(late);
    await converged([...members, late]);
  });

  test("take the edits of a client that was offline, on another node than before", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    const [first, second, third] = cluster.nodes;
    await using clients = new TestClients();
    const [ann, bob] = [clients.connect(first.wsUrl, "notes"), clients.connect(second.wsUrl, "notes")];
    await Promise.all([ann, bob].map(synced));
    typist(ann.text, "before")(50);
    await converged([ann, bob]);
    await disconnected(ann);
    typist(ann.text, "offline")(50);
    typist(bob.text, "meanwhile")(50);
    ann.provider.serverUrl = `${third.wsUrl}/sync`;
    ann.provider.connect();
    await synced(ann);
    await converged([ann, bob]);
  });

  test("survive a node that stops: its clients go on at another one", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    const [first, second, third] = cluster.nodes;
    await using clients = new TestClients();
    const [ann, bob] = [clients.connect(first.wsUrl, "notes"), clients.connect(second.wsUrl, "notes")];
    await Promise.all([ann, bob].map(synced));
    typist(ann.text, "before")(50);
    ann.provider.on("connection-close", () => {
      ann.provider.serverUrl = `${third.wsUrl}/sync`;
    });
    await first.stop();
    typist(ann.text, "after")(50);
    typist(bob.text, "beside")(50);
    await eventually("back", () => ann.provider.serverUrl.startsWith(third.wsUrl) && ann.provider.synced);
    await converged([ann, bob]);
  });

  test.each(kinds.filter(({ version }) => version > 2))(
    "are acknowledged to Hocuspocus providers of version $label when they are stored for all nodes",
    async (kind) => {
      await using cluster = await TestCluster.start(3, postgres);
      const [first, second, third] = cluster.nodes;
      await using near = new HocuspocusClients(kind, first.wsUrl);
      await using far = new HocuspocusClients(kind, second.wsUrl);
      const [ann, bob] = [near.attach("notes"), far.attach("notes")];
      await Promise.all([ann, bob].map(saved));
      typist(ann.text, "ann")(100);
      typist(bob.text, "bob")(100);
      expect(ann.provider.unsyncedChanges).toBeGreaterThan(0);
      await Promise.all([ann, bob].map(saved));
      // A client who joins after the acknowledgements, on a node that has not had the document open.
      await using clients = new TestClients();
      const late = clients.connect(third.wsUrl, "notes");
      await synced(late);
      await converged([ann, bob, late]);
    },
  );
});
