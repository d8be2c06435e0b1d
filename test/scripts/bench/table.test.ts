import { describe, expect, test } from "bun:test";
import { judge, type Metric } from "../../../scripts/bench/metric.ts";
import { formatGoals, formatPairs, formatRatioGoal, formatTable } from "../../../scripts/bench/table.ts";

const metrics: readonly Metric[] = [
  { key: "cpu", label: "CPU", unit: "µs", digits: 2, goal: { atMost: 0.6, whereBareNeeds: 0.3 } },
  { key: "rate", label: "deliveries", unit: "/s", digits: 0 },
  { key: "p50", label: "p50", unit: "ms", digits: 1, goal: { atMost: 1 } },
];

describe("the table", () => {
  test("has a line per server, right-aligned numbers, and an empty cell for a missing number", () => {
    const results = new Map([
      ["yurt", { cpu: 0.5, rate: 1_234_567, p50: 0.25 }],
      ["bare", { cpu: 0.25, rate: 999 }],
    ]);
    expect(formatTable(metrics, results).split("\n")).toEqual([
      "| server | CPU (µs) | × bare | deliveries (/s) | p50 (ms) |",
      "| ------ | -------: | -----: | --------------: | -------: |",
      "| yurt   |     0.50 |   2.00 |       1 234 567 |      0.3 |",
      "| bare   |     0.25 |   1.00 |             999 |          |",
    ]);
  });

  test("has no ratios when bare was not measured", () => {
    const results = new Map([["yurt", { cpu: 0.5 }]]);
    expect(formatTable(metrics, results).split("\n")[0]).toBe("| server | CPU (µs) | deliveries (/s) | p50 (ms) |");
  });
});

describe("a goal", () => {
  const goal = { atMost: 0.6, whereBareNeeds: 0.3 };

  test("is met by the number itself", () => {
    expect(judge(goal, 0.6, undefined)).toBe("met");
    expect(judge({ atMost: 5 }, 5.1, 1)).toBe("missed");
  });

  test("is met on a slower machine by the ratio", () => {
    expect(judge(goal, 1.2, 0.6)).toBe("met as a ratio to bare");
    expect(judge(goal, 1.3, 0.6)).toBe("missed");
    expect(judge(goal, 0.7, undefined)).toBe("missed");
  });

  test("in multiples of bare is judged by the ratio alone", () => {
    expect(judge({ timesBare: 2 }, 0.6, 0.3)).toBe("met");
    expect(judge({ timesBare: 2 }, 0.61, 0.3)).toBe("missed");
    expect(judge({ timesBare: 2 }, 0.1, undefined)).toBe("not judged without bare");
    const results = new Map([
      ["yurt", { cpu: 0.5 }],
      ["bare", { cpu: 0.25 }],
    ]);
    const metric = { key: "cpu", label: "CPU", unit: "µs", digits: 2, goal: { timesBare: 1.5 } };
    expect(formatGoals([metric], results, "yurt")).toBe("goal CPU ≤ 1.5 × bare: 0.50, missed; 2.00 × bare");
  });

  test("in multiples of another server's figure is judged by the ratio alone", () => {
    expect(judge({ times: 1.5, of: "other" }, 1.5, 1)).toBe("met");
    expect(judge({ times: 1.5, of: "other" }, 1.6, 1)).toBe("missed");
    expect(judge({ times: 1.5, of: "other" }, 1, undefined)).toBe("not judged without other");
    const results = new Map([
      ["yurt", { cpu: 0.5 }],
      ["other", { cpu: 0.25 }],
    ]);
    const metric = { key: "cpu", label: "CPU", unit: "µs", digits: 2, goal: { times: 2, of: "other" } };
    expect(formatGoals([metric], results, "yurt")).toBe("goal CPU ≤ 2 × other: 0.50, met; 2.00 × other");
  });

  test("in multiples of another server is reported for the first number and for those with a goal", () => {
    const results = new Map([
      ["yurt", { cpu: 0.5, rate: 1_000, p50: 2 }],
      ["other", { cpu: 0.65, rate: 10, p50: 3 }],
    ]);
    const goal = { server: "other", goal: { atMost: 1.3, of: "yurt" } };
    expect(formatRatioGoal(metrics, results, goal).split("\n")).toEqual([
      "goal CPU of other ≤ 1.3 × yurt: 0.65, 1.30 ×, met",
      "goal p50 of other ≤ 1.3 × yurt: 3.0, 1.50 ×, missed",
    ]);
    results.delete("yurt");
    expect(formatRatioGoal(metrics, results, goal)).toBe("");
  });

  test("is reported with the ratio to each other server that has the number", () => {
    const results = new Map([
      ["yurt", { cpu: 0.5, p50: 2 }],
      ["other", { cpu: 5 }],
      ["bare", { cpu: 0.25 }],
    ]);
    expect(formatGoals(metrics, results, "yurt").split("\n")).toEqual([
      "goal CPU ≤ 0.6 µs where bare needs 0.3: 0.50, met; 0.10 × other; 2.00 × bare",
      "goal p50 ≤ 1 ms: 2.0, missed",
    ]);
  });
});

describe("pairs", () => {
  const runs = [
    [
      { cpu: 1, rate: 9, p50: 3 },
      { cpu: 2, rate: 9, p50: 2 },
    ],
    [
      { cpu: 3, rate: 9, p50: 3 },
      { cpu: 4, rate: 9, p50: 2 },
    ],
    [
      { cpu: 5, rate: 9 },
      { cpu: 5, rate: 9, p50: 2 },
    ],
  ] as const;

  test("are compared run by run, in the first number and those with a goal", () => {
    expect(formatPairs(metrics, { server: "yurt", other: "against", runs }).split("\n")).toEqual([
      "pairs CPU: yurt is 0.75 × against (0.50 to 1.00)",
      "pairs p50: yurt is 1.50 × against (1.50 to 1.50)",
    ]);
  });

  test("are left out when no run is complete", () => {
    expect(formatPairs(metrics, { server: "yurt", other: "against", runs: [] })).toBe("");
  });
});
