import { describe, expect, test } from "bun:test";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { converged } from "../../support/clients/providers.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

describe.each([...kinds])("a provider of version $label", (kind) => {
  test("that sends too many structs in one update is denied its document, and keeps the others", async () => {
    await using server = await startTestServer({ limits: { updateStructs: 40_000 } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const [one, small] = [clients.attach("table", { socket }), clients.attach("small", { socket })];
    const other = clients.attach("small");
    await Promise.all([one, small, other].map(saved));
    one.doc.transact(() => {
      for (let index = 0; index < 40_001; index += 1) one.doc.getMap("table").set(`cell ${index}`, index);
    });
    await eventually("denied", () => one.failures.length > 0, 20_000);
    await pause(500);
    expect(one.failures).toEqual([expect.stringContaining("frame-too-large: limits.update-structs: 40001 of 40000")]);
    small.text.insert(0, "unaffected");
    await saved(small);
    await converged([small, other]);
    expect(socket.status).toBe("connected");
  }, 60_000);

  test("that sends as many as it may has them saved, and in a full document has unsaved changes", async () => {
    await using server = await startTestServer({ limits: { updateStructs: 40_000, documentStructs: 40_000 } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const one = clients.attach("table");
    await saved(one);
    const fill = (from: number, to: number) =>
      one.doc.transact(() => {
        for (let index = from; index < to; index += 1) one.doc.getMap("table").set(`cell ${index}`, index);
      });
    fill(0, 40_000);
    await eventually("saved", () => one.provider.unsyncedChanges === 0, 20_000);
    fill(40_000, 40_010);
    await pause(500);
    expect([one.provider.unsyncedChanges, one.failures]).toEqual([1, []]);
  }, 60_000);
});
