import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../../src/composition/settings/settings.ts";
import { readFrom } from "../support/servers/configurations.ts";

const root = join(import.meta.dir, "../..");
const read = (path: string) => Bun.file(join(root, path)).text();

interface Instruction {
  readonly name: string;
  /** The instruction's value without its flags, which begin with `--`. */
  readonly value: string;
  readonly flags: readonly string[];
}

/** The instructions of each stage, `FROM` first. */
function parseStages(text: string): readonly (readonly Instruction[])[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n");
  const stages: Instruction[][] = [];
  for (const line of lines.filter((each) => each.trim() !== "")) {
    const [name = "", ...words] = line.trim().split(/\s+/);
    const isFlag = (word: string) => word.startsWith("--");
    const first = words.findIndex((word) => !isFlag(word));
    const instruction = { name, flags: words.slice(0, first), value: words.slice(first).join(" ") };
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

const [build = [], runtime = [], ...others] = parseStages(await read("Dockerfile"));

const valuesOf = (stage: readonly Instruction[], name: string) =>
  stage.filter((instruction) => instruction.name === name).map(({ value }) => value);

const environment = Object.fromEntries(
  valuesOf(runtime, "ENV")
    .flatMap((value) => value.split(" "))
    .map((pair) => pair.split("=")),
);

const load = (given: Record<string, string>) =>
  loadSettings({ environment: { ...environment, ...given }, flags: new Map(), readFile: readFrom({}) });

describe("the Dockerfile", () => {
  test("has two stages: one builds with the Bun that package.json pins, one has no shell", async () => {
    const { devDependencies } = JSON.parse(await read("package.json"));
    expect(valuesOf(build, "FROM")).toEqual([`oven/bun:${devDependencies.bun} AS build`]);
    expect(valuesOf(runtime, "FROM")).toEqual(["gcr.io/distroless/base-debian12:nonroot"]);
    expect(valuesOf(runtime, "RUN")).toEqual([]);
    expect(others).toEqual([]);
  });

  test("copies only files that exist and that .dockerignore lets in, and everything that the build reads", async () => {
    const copied = valuesOf(build, "COPY").flatMap((value) => value.split(" ").slice(0, -1));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const [everything, ...allowed] = (await read(".dockerignore")).trimEnd().split("\n");
    expect([everything, ...allowed.sort()]).toEqual(["*", ...copied.map((path) => `!${path}`).sort()]);
    expect(copied).toContain("scripts");
    expect(valuesOf(build, "RUN").at(-1)).toStartWith("bun scripts/build.ts ");
  });

  test("takes the executable and an empty data folder from the build, and nothing else", () => {
    const copies = runtime.filter(({ name }) => name === "COPY");
    expect(copies.map(({ flags, value }) => [...flags, value].join(" "))).toEqual([
      "--from=build /src/dist/yurt /yurt",
      "--from=build --chown=65532:65532 /data /data",
    ]);
    expect(valuesOf(build, "WORKDIR")).toEqual(["/src"]);
  });

  test("runs as an unprivileged user whose data folder is a volume", () => {
    expect(valuesOf(runtime, "USER")).toEqual(["65532:65532"]);
    expect(valuesOf(runtime, "VOLUME")).toEqual([environment["YURT_DATA"]]);
  });

  test("sets only variables that the configuration knows, and no access mode", () => {
    const refused = load({});
    expect(refused).toMatchObject({ ok: false, problems: [{ setting: "auth.mode", value: undefined }] });
    const accepted = load({ YURT_AUTH_MODE: "open" });
    expect(accepted).toMatchObject({ ok: true, configuration: { values: { host: "0.0.0.0", data: "/data" } } });
    expect(accepted.ok && accepted.configuration.unknownVariables).toEqual([]);
  });

  test("exposes the default port, and stops with the signal that the server expects", () => {
    const loaded = load({ YURT_AUTH_MODE: "open" });
    expect(valuesOf(runtime, "EXPOSE")).toEqual([String(loaded.ok && loaded.configuration.values.port)]);
    expect(valuesOf(runtime, "STOPSIGNAL")).toEqual(["SIGTERM"]);
  });

  test("runs yurt health without flags, because the variables apply to both", () => {
    expect(valuesOf(runtime, "ENTRYPOINT")).toEqual(['["/yurt"]']);
    expect(valuesOf(runtime, "CMD")).toEqual([]);
    expect(valuesOf(runtime, "HEALTHCHECK")).toEqual(['CMD ["/yurt", "health"]']);
  });
});
