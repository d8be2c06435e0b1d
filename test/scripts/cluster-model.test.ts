import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultAssumptions, formatModel, readAssumptions } from "../../scripts/cluster-model/main.ts";
import { loadOf } from "../../scripts/cluster-model/model.ts";

const root = join(import.meta.dir, "../..");
const page = join(root, "docs/cluster.md");

describe("the model of a cluster", () => {
  test("prints a table and the source of every number", () => {
    const run = Bun.spawnSync([process.execPath, join(root, "scripts/cluster-model/main.ts"), "--sources"]);
    const [table = "", sources = ""] = run.stdout.toString().split("\n\n");
    expect(table).toBe(formatModel(defaultAssumptions));
    expect(sources.trim().split("\n").length).toBeGreaterThan(20);
    for (const line of sources.trim().split("\n")) expect(line).toMatch(/^- .+: [\d.]+.* \(.+\)$/);
  });

  test.skipIf(!existsSync(page))("is shown with its figures in the documentation", () => {
    expect(readFileSync(page, "utf8")).toContain(formatModel(defaultAssumptions));
  });

  test("has no load between nodes for one alone", () => {
    expect(loadOf(1, defaultAssumptions)).toMatchObject({ notifications: 0, egress: 0, updates: 2_500 });
  });

  test("has costs that grow with every node, and names what has the least headroom", () => {
    const [few, many] = [loadOf(5, defaultAssumptions), loadOf(20, defaultAssumptions)];
    for (const key of ["engineCores", "egress", "nodeCore", "nodeMemory", "sessions"] as const)
      expect(many[key]).toBeGreaterThan(few[key]);
    expect(loadOf(20, readAssumptions({ cores: "1" })).first.what).toBe("CPU of the database");
    expect(loadOf(20, readAssumptions({ memory: "100" })).first.what).toBe("memory of a node");
  });

  test("refuses an assumption that is not a number above 0", () => {
    expect(() => readAssumptions({ rate: "0" })).toThrow("--rate 0 is not a number above 0");
    expect(() => readAssumptions({ rate: "many" })).toThrow("--rate many");
  });
});
