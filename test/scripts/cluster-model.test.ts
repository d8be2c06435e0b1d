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

  test("has a node alone hear its own announcements, and nothing else", () => {
    expect(loadOf(1, defaultAssumptions)).toMatchObject({ updates: 2_500, appends: 200, notifications: 200 });
  });

  test("has every node receive every update, in Base64", () => {
    const [short, long] = ["20", "50"].map((names) => loadOf(3, readAssumptions({ names })));
    expect((long?.egress ?? 0) - (short?.egress ?? 0)).toBeCloseTo((30 * 4 * 7_500 * 3) / 3, 0);
  });

  test("has a node append once for each update until it has one every 5 ms", () => {
    const appends = ["100", "199", "500"].map((rate) => {
      const load = loadOf(2, readAssumptions({ connections: "100", typing: "1", rate }));
      return load.appends;
    });
    expect(appends).toEqual([200, 398, 400]);
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
