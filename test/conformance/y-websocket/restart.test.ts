import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { countClocks, RawClient, updatesOf } from "../../support/clients/raw-client.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { Run } from "../../support/processes/executable.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

const main = join(import.meta.dir, "../../../src/main.ts");

/** Starts a server from source in a process of its own. */
function startProcess(dataFolder: string, port = 0): Run {
  const args = ["serve", "--port", String(port), "--data", dataFolder];
  return new Run({ command: [process.execPath, main], args, folder: dataFolder });
}

describe.each(["SIGTERM", "SIGKILL"] as const)("after %s and a new start", (signal) => {
  test("a client gets every update that another client had received", async () => {
    const dataFolder = await temporaryFolder();
    const received: Uint8Array[] = [];
    let typed = 0;
    for (let round = 0; round < 5; round += 1) {
      await using server = startProcess(dataFolder);
      const wsUrl = `ws://127.0.0.1:${await server.port()}`;
      await using clients = new TestClients();
      const writer = clients.connect(wsUrl, "restart");
      await synced(writer);
      const reader = await RawClient.connect(`${wsUrl}/sync/restart`);
      received.push(await reader.sync());
      const type = typist(writer.text, `round ${round}`);
      const enough = 200 + 150 * round;
      while (countClocks(reader.updates).size < enough) {
        type(5);
        typed += 5;
        await pause(1);
      }
      server.kill(signal);
      await server.ended();
      received.push(...reader.updates);
    }
    await using server = startProcess(dataFolder);
    const fresh = await RawClient.connect(`ws://127.0.0.1:${await server.port()}/sync/restart`);
    const stored = countClocks([await fresh.sync()]);
    const missing = [...countClocks(received).keys()].filter((clock) => !stored.has(clock));
    expect(missing).toEqual([]);
    expect(typed).toBeGreaterThan(1_000);
    await fresh.close();
    await rm(dataFolder, { recursive: true, force: true });
  }, 60_000);

  test("clients reconnect by themselves and send the updates that the server missed", async () => {
    const dataFolder = await temporaryFolder();
    const first = startProcess(dataFolder);
    const port = await first.port();
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, `ws://127.0.0.1:${port}`, "coming back");
    typist(one.text, "before")(100);
    await converged([one, other]);
    first.kill(signal);
    await first.ended();
    typist(one.text, "meanwhile")(100);
    typist(other.text, "meanwhile too")(100);
    await using second = startProcess(dataFolder, port);
    expect(await second.port()).toBe(port);
    await converged([one, other]);
    const fresh = clients.connect(`ws://127.0.0.1:${port}`, "coming back");
    await converged([one, other, fresh]);
    await rm(dataFolder, { recursive: true, force: true });
  }, 30_000);
});

test("a server that stops has acknowledged everything that it has stored", async () => {
  const dataFolder = await temporaryFolder();
  for (let round = 0; round < 10; round += 1) {
    const server = await startTestServer({ dataFolder });
    const client = await RawClient.connect(`${server.wsUrl}/sync/stopping ${round}`);
    await client.sync();
    const updates = updatesOf((doc) => {
      for (let index = 0; index < 500; index += 1) doc.getText().insert(0, "x");
    });
    for (const update of updates) client.send({ type: "update", update });
    await eventually("the first is acknowledged", () => client.updates.length > 0);
    await server.stop();
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed?.code).toBe(1012);
    await using again = await startTestServer({ dataFolder });
    const reader = await RawClient.connect(`${again.wsUrl}/sync/stopping ${round}`);
    expect(countClocks([await reader.sync()]).size).toBe(client.updates.length);
    await reader.close();
  }
  await rm(dataFolder, { recursive: true, force: true });
});

test("on SIGTERM connections are closed with 1012, so that clients reconnect, and the process exits with 0", async () => {
  const dataFolder = await temporaryFolder();
  await using server = startProcess(dataFolder);
  const url = `ws://127.0.0.1:${await server.port()}`;
  const relay = await RawClient.connect(`${url}/sync/closing`);
  await relay.sync();
  const signaling = await RawClient.connect(`${url}/signal`);
  server.kill("SIGTERM");
  await eventually("closed", () => relay.closed !== undefined && signaling.closed !== undefined);
  expect(relay.closed).toEqual({ code: 1012, reason: "restart" });
  expect(signaling.closed).toEqual({ code: 1012, reason: "restart" });
  expect((await server.ended()).code).toBe(0);
  await rm(dataFolder, { recursive: true, force: true });
});
