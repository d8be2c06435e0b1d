import { describe, expect, test } from "bun:test";
import { type Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import { disconnected, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";
import type { Tuple } from "../../support/tuple.ts";

const presenceMs = 1_000;

/** Five clients of one document that are present and see each other. */
async function present(clients: TestClients, wsUrl: string): Promise<Tuple<5, TestClient>> {
  const all = await clients.connectAll(5, wsUrl, "presence");
  all.forEach(({ provider }, index) => {
    provider.awareness.setLocalStateField("user", { name: `client ${index}` });
  });
  await complete(all, 5_000);
  return all;
}

/** Resolves when every client sees every other, with the state that each has set. */
async function complete(all: readonly TestClient[], withinMs = presenceMs): Promise<void> {
  await eventually("presence is complete", () => all.every((client) => sees(client, all)), withinMs);
}

function sees({ provider }: TestClient, all: readonly TestClient[]): boolean {
  const states = provider.awareness.getStates();
  return (
    states.size === all.length &&
    all.every(({ doc }, index) => states.get(doc.clientID)?.["user"]?.name === `client ${index}`)
  );
}

function knows({ provider }: TestClient, { doc }: TestClient): boolean {
  return provider.awareness.getStates().has(doc.clientID);
}

/**
 * Links the clients as a WebRTC mesh does: each passes on every awareness change, from any origin, and sends what it
 * receives from the mesh to the server.
 */
function mesh(all: readonly TestClient[]): void {
  for (const { provider } of all) {
    provider.awareness.on("update", (change: Record<"added" | "updated" | "removed", number[]>) => {
      const update = encodeAwarenessUpdate(provider.awareness, [...change.added, ...change.updated, ...change.removed]);
      for (const peer of all) {
        if (peer.provider !== provider)
          queueMicrotask(() => applyAwarenessUpdate(peer.provider.awareness, update, "mesh"));
      }
    });
  }
}

/** Counts the awareness frames that a further member of the document receives. */
async function watch(wsUrl: string): Promise<{ count(): number; close(): Promise<void> }> {
  const watcher = await RawClient.connect(`${wsUrl}/sync/presence`);
  await watcher.sync();
  return { count: () => watcher.frames.filter((frame) => frame[0] === 1).length, close: () => watcher.close() };
}

const groups: readonly [string, link: (all: readonly TestClient[]) => void][] = [
  ["five y-websocket clients", () => {}],
  ["five hybrid clients", mesh],
];

describe.each(groups)("%s", (_, link) => {
  test("see each other", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    link(await present(clients, server.wsUrl));
  });

  test("see each other again within a second of the reconnect of one client", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const all = await present(clients, server.wsUrl);
    link(all);
    const [one, ...others] = all;
    await disconnected(one);
    // In a mesh the state is still there for the others, which send it on.
    if (link !== mesh)
      await eventually("its absence is seen", () => others.every((other) => !knows(other, one)), presenceMs);
    one.provider.connect();
    await complete(all);
  });

  test("see each other again within a second of the reconnect of all clients", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const all = await present(clients, server.wsUrl);
    link(all);
    await Promise.all(all.map(disconnected));
    for (const { provider } of all) provider.connect();
    await complete(all, presenceMs + 500);
  });

  test("see each other again within a second of the restart of the server", async () => {
    const first = await startTestServer({ syncEnabled: true });
    await using clients = new TestClients();
    const all = await present(clients, first.wsUrl);
    link(all);
    const { port } = first;
    await first.stop();
    await using _second = await startTestServer({ port });
    await eventually("all are connected", () => all.every(({ provider }) => provider.wsconnected));
    await complete(all);
  });

  test("a moving cursor arrives at every client with its last position", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const all = await present(clients, server.wsUrl);
    link(all);
    const [one, ...others] = all;
    for (let place = 0; place <= 100; place += 1) {
      one.provider.awareness.setLocalStateField("cursor", place);
      if (place % 10 === 0) await pause(1);
    }
    await eventually("every client sees it", () =>
      others.every(({ provider }) => cursorOf(provider.awareness, one) === 100),
    );
  });
});

// These tests run side by side, because they only wait.
test.concurrent.each(groups)("%s are quiet when idle", async (_, link) => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const all = await present(clients, server.wsUrl);
  link(all);
  const [one] = all;
  await disconnected(one);
  one.provider.connect();
  await complete(all);
  await pause(300);
  const watcher = await watch(server.wsUrl);
  await pause(300);
  const before = watcher.count();
  await pause(3_000);
  // No client has to renew its state within 3 s (the interval is 15 s); a storm has thousands of frames.
  expect(watcher.count() - before).toBeLessThanOrEqual(1);
  await watcher.close();
});

function cursorOf(awareness: Awareness, { doc }: TestClient): unknown {
  return awareness.getStates().get(doc.clientID)?.["cursor"];
}

test("a client that sets its state to null disappears for the others, and reappears when it sets one", async () => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const all = await present(clients, server.wsUrl);
  const [one, ...others] = all;
  one.provider.awareness.setLocalState(null);
  const seen = (expected: boolean) => others.every((other) => knows(other, one) === expected);
  await eventually("gone", () => seen(false), presenceMs);
  one.provider.awareness.setLocalState({ user: { name: "client 0" } });
  await eventually("back", () => seen(true), presenceMs);
  await complete(all);
});

test("observers without a state of their own displace no other client", async () => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const [one, witness] = await clients.connectAll(2, server.wsUrl, "presence");
  let place = 0;
  const moving = setInterval(() => one.provider.awareness.setLocalStateField("cursor", place++), 3);
  const gone: number[] = [];
  witness.provider.awareness.on("change", ({ removed }: { removed: number[] }) => gone.push(...removed));
  for (let count = 0; count < 10; count += 1) {
    const observer = clients.connect(server.wsUrl, "presence");
    observer.provider.awareness.setLocalState(null);
    await eventually("the observer sees the cursor", () => knows(observer, one));
    await disconnected(observer);
  }
  clearInterval(moving);
  await pause(100);
  expect(gone).toEqual([]);
});
