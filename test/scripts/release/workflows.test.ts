import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}

interface Workflow {
  readonly on: object;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = (name: string) =>
  Bun.YAML.parse(readFileSync(join(root, ".github/workflows", name), "utf8")) as Workflow;

describe.each(["test.yml", "release.yml"])("the workflow %s", (name) => {
  const { permissions, jobs } = workflow(name);

  test("may only read by default, and every job ends", () => {
    expect(permissions).toEqual({ contents: "read" });
    for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  test("runs scripts that package.json has", () => {
    const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = "" }) => run.split("\n")));
    const called = lines.flatMap((line) => /^npm (?:run )?([\w-]+)/.exec(line)?.[1] ?? []);
    expect(called.length).toBeGreaterThan(0);
    expect(called.filter((script) => !(script in scripts))).toEqual([]);
  });

  test("puts no text of an event into a shell", () => {
    const lines = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = "" }) => run.split("\n")));
    const filledIn = lines.flatMap((line) =>
      Array.from(line.matchAll(/\$\{\{ *([\w.]+) *\}\}/g), ([, name = ""]) => name),
    );
    expect(filledIn.filter((name) => !name.startsWith("matrix."))).toEqual([]);
  });
});

test("the release is drafted from a tag of this version, after the tests", () => {
  const { on, jobs } = workflow("release.yml");
  expect(on).toEqual({ push: { tags: ["v*"] } });
  const commands = jobs["files"]?.steps.flatMap(({ run }) => run ?? []) ?? [];
  const places = ["package.json", "npm test", "npm run release", "gh release create"].map((text) =>
    commands.findIndex((command) => command.includes(text)),
  );
  expect(places).toEqual([0, 1, 2, 3]);
  expect(commands.at(-1)).toContain("--draft");
});
