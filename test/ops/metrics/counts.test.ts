import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { Counts } from "../../../src/ops/metrics/counts.ts";

function open<Label extends string>(sets: Readonly<Record<Label, readonly string[]>>) {
  const registry = new Registry();
  const counts = new Counts({ name: "drinks_total", help: "Drinks", sets, registry });
  const samples = async () => (await registry.metrics()).split("\n").filter((line) => line.startsWith("drinks_total"));
  return { counts, samples };
}

test("the values of one label are exposed before they are counted", async () => {
  const { counts, samples } = open({ kind: ["tea", "milk"] });
  expect(await samples()).toEqual(['drinks_total{kind="tea"} 0', 'drinks_total{kind="milk"} 0']);
  counts.inc({ kind: "milk" }, 3);
  counts.inc({ kind: "milk" });
  expect(await samples()).toEqual(['drinks_total{kind="tea"} 0', 'drinks_total{kind="milk"} 4']);
});

test("the combinations of several labels are exposed before they are counted", async () => {
  const { counts, samples } = open({ kind: ["tea", "milk"], size: ["small", "large"] });
  counts.inc({ size: "large", kind: "tea" });
  expect(await samples()).toEqual([
    'drinks_total{kind="tea",size="small"} 0',
    'drinks_total{kind="tea",size="large"} 1',
    'drinks_total{kind="milk",size="small"} 0',
    'drinks_total{kind="milk",size="large"} 0',
  ]);
});

test("a value outside its set is counted as other", async () => {
  const { counts, samples } = open({ kind: ["tea"] });
  counts.inc({ kind: "the name of a room" });
  counts.inc({ kind: "the name of another room" });
  expect(await samples()).toEqual(['drinks_total{kind="tea"} 0', 'drinks_total{kind="other"} 2']);
});

test("the counts are those of the combinations that were counted", async () => {
  const { counts } = open({ kind: ["tea", "milk"] });
  counts.inc({ kind: "milk" });
  expect(await counts.get()).toEqual({ values: [{ labels: { kind: "milk" }, value: 1 }] });
});
