import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { codeBlocks } from "../../support/docs-snippets.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { ReverseProxy } from "../../support/servers/reverse-proxy.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

const publicHost = "127.0.0.1";

/** The WebSocket connections of a node. */
async function connections({ url }: { readonly url: string }): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^yurt_connections\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe.skipIf(isMissing("postgres") || isMissing("caddy"))(
  "two nodes behind Caddy, as docs/cluster.md has it",
  () => {
    let postgres: PostgresServer;
    let folder: string;

    beforeAll(async () => {
      postgres = await PostgresServer.start();
      folder = mkdtempSync(join(tmpdir(), "yurt-caddy-"));
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await postgres[Symbol.asyncDispose]();
    });

    test("share the clients, and one takes those of the other when it stops", async () => {
      await using cluster = await TestCluster.start(2, postgres);
      const [first, second] = cluster.nodes;
      const { code = "" } = codeBlocks("docs/cluster.md").find(({ language }) => language === "caddyfile") ?? {};
      await using proxy = await ReverseProxy.start({
        program: "caddy",
        configuration: code
          .replace("collab.example.com", publicHost)
          .replaceAll("yurt-1:4444", `127.0.0.1:${first.port}`),
        publicHost,
        upstream: "yurt-2:4444",
        server: `127.0.0.1:${second.port}`,
        folder,
      });
      await using clients = new TestClients();
      const members = await clients.connectAll(4, `ws://127.0.0.1:${proxy.port}`, "notes");
      await Promise.all(members.map(synced));
      const [ofFirst = 0, ofSecond = 0] = await Promise.all([first, second].map(connections));
      expect(ofFirst + ofSecond).toBe(4);
      expect(Math.min(ofFirst, ofSecond)).toBeGreaterThan(0);
      for (const [index, { text }] of members.entries()) typist(text, `${index}`)(10);
      await converged(members);
      await first.stop();
      await eventually("all are connected to the other node", async () => (await connections(second)) === 4);
      for (const [index, { text }] of members.entries()) typist(text, `again ${index}`)(10);
      await converged(members);
    });
  },
);
