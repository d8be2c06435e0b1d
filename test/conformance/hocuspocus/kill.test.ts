import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { converged } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually } from "../../support/eventually.ts";
import { Run } from "../../support/processes/executable.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

const main = join(import.meta.dir, "../../../src/main.ts");

function startProcess(dataFolder: string): Run {
  const args = ["serve", "--port", "0", "--data", dataFolder];
  return new Run({ command: [process.execPath, main], args, folder: dataFolder });
}

test.each([...kinds])(
  "an update that a provider of version $label counts as stored survives a SIGKILL at that moment",
  async (kind) => {
    const dataFolder = await temporaryFolder();
    for (let round = 0; round < 2; round += 1) {
      await using server = startProcess(dataFolder);
      const wsUrl = `ws://127.0.0.1:${await server.port()}`;
      await using clients = new HocuspocusClients(kind, wsUrl);
      const client = clients.attach("killed");
      await saved(client);
      const killed = new Promise<void>((resolve) => {
        client.provider.on("unsyncedChanges", () => {
          if (client.provider.unsyncedChanges > 0) return;
          server.kill("SIGKILL");
          resolve();
        });
      });
      typist(client.text, `round ${round}`)(100);
      await killed;
      await server.ended();
      await using again = startProcess(dataFolder);
      await using others = new HocuspocusClients(kind, `ws://127.0.0.1:${await again.port()}`);
      const fresh = others.attach("killed");
      await eventually("synced", () => fresh.provider.isSynced);
      await converged([client, fresh]);
      expect(fresh.text.length).toBeGreaterThan(0);
    }
    await rm(dataFolder, { recursive: true, force: true });
  },
  60_000,
);
