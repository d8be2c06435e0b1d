import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../src/composition/settings/settings.ts";
import { createMetrics } from "../src/ops/metrics.ts";
import { connectionsOfNode, openDatabase } from "../src/storage/postgres/database.ts";
import { codeBlocks, readPage } from "./support/docs-snippets.ts";
import { findProgram, isMissing } from "./support/processes/programs.ts";
import { PostgresServer } from "./support/programs/postgres.ts";

const page = "docs/cluster.md";

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<
    Record<string, { readonly ipam: { readonly config: readonly { readonly subnet: string }[] } }>
  >;
  readonly secrets: object;
  readonly volumes: object;
}

function blockOf(language: string): string {
  const found = codeBlocks(page).find((block) => block.language === language);
  if (found === undefined) throw new Error(`${page} has no ${language}`);
  return found.code;
}

describe(page, () => {
  const { networks, secrets, services, volumes } = Bun.YAML.parse(blockOf("yaml")) as Compose;
  const nodes = ["yurt-1", "yurt-2"].map((name) => services[name]);

  test("has a compose file with settings that each node accepts, and the time that it needs to stop", () => {
    for (const node of nodes) {
      const environment = { YURT_HOST: "0.0.0.0", YURT_DATA: "/data", ...node?.environment };
      const loaded = loadSettings({ environment, flags: new Map(), readFile: () => "password" });
      expect(loaded.ok ? loaded.configuration.unknownVariables : loaded.problems).toEqual([]);
      const drainMs = loaded.ok ? loaded.configuration.values.drain : Number.POSITIVE_INFINITY;
      expect(Number.parseInt(node?.stop_grace_period ?? "0", 10) * 1_000).toBeGreaterThan(2 * drainMs);
      expect(node?.environment?.["YURT_PROXY_TRUSTED"]).toBe(networks["cluster"]?.ipam.config[0]?.subnet ?? "");
    }
  });

  test("gives each node a volume of its own, and declares what the services use", () => {
    expect(nodes.map((node) => node?.volumes)).toEqual([["yurt-1:/data"], ["yurt-2:/data"]]);
    for (const service of Object.values(services)) {
      for (const secret of service.secrets ?? []) expect(Object.keys(secrets)).toContain(secret);
      for (const network of service.networks) expect(Object.keys(networks)).toContain(network);
      const named = (service.volumes ?? [])
        .map((volume) => volume.split(":")[0] ?? "")
        .filter((name) => !name.startsWith("."));
      for (const name of named) expect(Object.keys(volumes)).toContain(name);
    }
  });

  test.skipIf(isMissing("caddy"))("has a Caddyfile that Caddy accepts, with the nodes of the compose file", () => {
    const folder = mkdtempSync(join(tmpdir(), "yurt-caddy-"));
    try {
      const file = join(folder, "Caddyfile");
      // It looks for the nodes while it reads the file.
      writeFileSync(file, blockOf("caddyfile").replaceAll(/yurt-\d:4444/g, "127.0.0.1:1"));
      const command = [findProgram("caddy") ?? "caddy", "validate", "--adapter", "caddyfile", "--config", file];
      const { exitCode, stderr } = Bun.spawnSync(command, { env: { HOME: folder } });
      expect([exitCode, exitCode === 0 ? "" : stderr.toString()]).toEqual([0, ""]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const upstreams = [...blockOf("caddyfile").matchAll(/\byurt-\d(?=:4444)/g)].map(([name]) => name);
    expect(new Set(upstreams)).toEqual(new Set(["yurt-1", "yurt-2"]));
  });

  test("names metrics that there are, and the connections of a node", async () => {
    const text = await createMetrics().registry.metrics();
    const named = [...readPage(page).matchAll(/\byurt_[a-z_]+/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(text).toContain(`# HELP ${name} `);
    expect(readPage(page)).toContain(`up to ${connectionsOfNode} connections`);
  });
});

describe.skipIf(isMissing("postgres"))("docs/troubleshooting.md", () => {
  test("has queries that the database of a cluster answers", async () => {
    await using postgres = await PostgresServer.start();
    const url = await postgres.newSchema();
    const database = await openDatabase({ url });
    try {
      const blocks = codeBlocks("docs/troubleshooting.md").filter(({ language }) => language === "sql");
      const queries = blocks.flatMap(({ code }) => code.split(";").filter((query) => query.trim() !== ""));
      expect(queries.length).toBeGreaterThan(4);
      for (const query of queries) await database.pool.unsafe(query);
    } finally {
      await database.close();
    }
  });
});
