import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { countClocks, RawClient, updatesOf } from "../../support/clients/raw-client.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

const clientCount = 230;

test("a server that closes its clients in waves has acknowledged everything that it has stored", async () => {
  const dataFolder = await temporaryFolder();
  const server = await startTestServer({ dataFolder, drainMs: 10_000 });
  const updates = updatesOf((doc) => {
    for (let index = 0; index < 400; index += 1) doc.getText().insert(0, "x");
  });
  const connect = async (index: number) => {
    const client = await RawClient.connect(`${server.wsUrl}/sync/draining ${index}`);
    await client.sync();
    return client;
  };
  const clients = await Promise.all(Array.from({ length: clientCount }, (_, index) => connect(index)));
  let sent = 0;
  const typing = setInterval(() => {
    const update = updates[sent];
    sent += 1;
    if (update === undefined) return;
    for (const client of clients) if (client.closed === undefined) client.send({ type: "update", update });
  }, 5);
  await eventually("the first is acknowledged", () => clients.every((client) => client.updates.length > 0));
  const stopped = server.stop();
  await eventually("the first wave is closed", () => clients.some((client) => client.closed !== undefined));
  const counts = clients.map((client) => client.updates.length);
  await stopped;
  await eventually("closed", () => clients.every((client) => client.closed !== undefined));
  clearInterval(typing);
  expect(new Set(clients.map((client) => client.closed?.code))).toEqual(new Set([1012]));
  // Those that were still connected have typed on.
  expect(clients.filter((client, index) => client.updates.length > (counts[index] ?? 0)).length).toBeGreaterThan(0);
  await using again = await startTestServer({ dataFolder });
  const differing = await Promise.all(
    clients.map(async (client, index) => {
      const reader = await RawClient.connect(`${again.wsUrl}/sync/draining ${index}`);
      const stored = countClocks([await reader.sync()]).size;
      await reader.close();
      return stored === client.updates.length ? [] : [{ stored, acknowledged: client.updates.length }];
    }),
  );
  expect(differing.flat()).toEqual([]);
  await rm(dataFolder, { recursive: true, force: true });
}, 60_000);
