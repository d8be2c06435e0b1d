import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../../../src/composition/settings/settings.ts";

const folder = join(import.meta.dir, "../../../scripts/packaging/compose");
const read = (name: string) => readFileSync(join(folder, name), "utf8");

interface Service {
  readonly build?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<
    Record<string, { readonly ipam: { readonly config: readonly { readonly subnet: string }[] } }>
  >;
  readonly volumes: object;
}

const variables: Readonly<Record<string, string>> = {
  YURT_DOMAIN: "collab.example.com",
  YURT_ORIGINS: "https://app.example.com",
};

/** Reads a file as Compose does, with the variables of its environment filled in. */
function compose(name: string): Compose {
  const filled = read(name).replaceAll(/\$\{(\w+):\?\}/g, (_, variable: string) => {
    const value = variables[variable];
    if (value === undefined) throw new Error(`${name} needs ${variable}`);
    return value;
  });
  return Bun.YAML.parse(filled) as Compose;
}

const files = ["compose.yaml", "compose.caddy.yaml"] as const;

describe.each(files)("%s", (name) => {
  const { services, volumes } = compose(name);
  const { yurt } = services;

  test("builds the image of this repository, and keeps the data in a volume", () => {
    expect(join(folder, yurt?.build ?? "", "Dockerfile")).toBe(join(import.meta.dir, "../../../Dockerfile"));
    expect(yurt?.volumes).toEqual(["yurt-data:/data"]);
    expect(Object.keys(volumes)).toContain("yurt-data");
    expect(yurt?.read_only).toBeTrue();
  });

  test("gives settings that the server accepts, and leaves it the time to stop", () => {
    const environment = { YURT_HOST: "0.0.0.0", YURT_DATA: "/data", ...yurt?.environment };
    const loaded = loadSettings({ environment, flags: new Map(), readFile: () => "" });
    expect(loaded.ok && loaded.configuration.unknownVariables).toEqual([]);
    const drainMs = loaded.ok ? loaded.configuration.values.drain : Number.POSITIVE_INFINITY;
    expect(Number.parseInt(yurt?.stop_grace_period ?? "0", 10) * 1_000).toBeGreaterThan(2 * drainMs);
  });
});

test("compose.yaml publishes the port for this machine only", () => {
  expect(compose("compose.yaml").services["yurt"]?.ports).toEqual(["127.0.0.1:4444:4444"]);
});

test("compose.caddy.yaml publishes Caddy alone, whose network Yurt trusts", () => {
  const { services, networks } = compose("compose.caddy.yaml");
  expect(services["yurt"]?.ports).toBeUndefined();
  expect(services["yurt"]?.environment["YURT_PROXY_TRUSTED"]).toBe(networks?.["proxy"]?.ipam.config[0]?.subnet ?? "");
  expect(services["caddy"]?.volumes).toContain("./Caddyfile:/etc/caddy/Caddyfile:ro");
  expect(read("Caddyfile")).toBe("{$YURT_DOMAIN} {\n\treverse_proxy yurt:4444\n}\n");
});
