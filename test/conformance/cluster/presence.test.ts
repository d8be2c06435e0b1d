import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Awareness } from "y-protocols/awareness";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { disconnected, synced, TestClients } from "../../support/clients/providers.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

const newest = kinds.filter(({ version }) => version === 4);

describe.skipIf(isMissing("postgres"))("on three nodes", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  /** The names of the users whom a client shows. */
  const shownBy = (awareness: Awareness | null) =>
    [...(awareness?.getStates().values() ?? [])].map(({ user }) => user?.name ?? "nobody").toSorted();

  const shows = (awareness: Awareness | null, names: readonly string[]) =>
    eventually(`it shows ${names}`, () => Bun.deepEquals(shownBy(awareness), names), 5_000);

  test("users see each other with y-websocket and Hocuspocus, also who leaves, comes back, or changes", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    const [first, second, third] = cluster.nodes;
    await using clients = new TestClients();
    const [ann, bob] = [clients.connect(first.wsUrl, "notes"), clients.connect(second.wsUrl, "notes")];
    ann.provider.awareness.setLocalStateField("user", { name: "Ann" });
    bob.provider.awareness.setLocalStateField("user", { name: "Bob" });
    await Promise.all([ann, bob].map(synced));
    const kind = newest[0];
    if (kind === undefined) throw new Error("there is no such provider");
    await using others = new HocuspocusClients(kind, third.wsUrl);
    const zoe = others.attach("notes");
    zoe.provider.awareness?.setLocalStateField("user", { name: "Zoe" });
    const all = [ann.provider.awareness, bob.provider.awareness, zoe.provider.awareness];
    for (const awareness of all) await shows(awareness, ["Ann", "Bob", "Zoe"]);

    bob.provider.awareness.setLocalStateField("user", { name: "Rob" });
    for (const awareness of all) await shows(awareness, ["Ann", "Rob", "Zoe"]);

    await disconnected(ann);
    for (const awareness of all.slice(1)) await shows(awareness, ["Rob", "Zoe"]);
    ann.provider.serverUrl = `${third.wsUrl}/sync`;
    ann.provider.connect();
    for (const awareness of all) await shows(awareness, ["Ann", "Rob", "Zoe"]);

    // A node that stops takes its presence with it, and its clients with them to another one.
    bob.provider.shouldConnect = false;
    await second.stop();
    for (const awareness of [ann.provider.awareness, zoe.provider.awareness]) await shows(awareness, ["Ann", "Zoe"]);
  });

  test.each(newest)("Hocuspocus providers, version $label, send each other stateless messages", async (kind) => {
    await using cluster = await TestCluster.start(3, postgres);
    const [first, second, third] = cluster.nodes;
    await using clients = new AsyncDisposableStack();
    const [ann, bob, zoe] = [first, second, third].map((node) =>
      clients.use(new HocuspocusClients(kind, node.wsUrl)).attach("notes"),
    );
    const near = clients.use(new HocuspocusClients(kind, first.wsUrl)).attach("notes");
    const members = [ann, bob, zoe, near].filter((member) => member !== undefined);
    await Promise.all(members.map(saved));
    ann?.provider.sendStateless("hello");
    ann?.provider.sendStateless("world");
    await eventually("all others have them", () =>
      members.every((member) => member === ann || member.stateless.length === 2),
    );
    expect(members.map(({ stateless }) => stateless)).toEqual([
      [],
      ["hello", "world"],
      ["hello", "world"],
      ["hello", "world"],
    ]);
  });
});
