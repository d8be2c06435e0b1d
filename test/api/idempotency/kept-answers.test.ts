import { expect, test } from "bun:test";
import { KeptAnswers } from "../../../src/api/idempotency/kept-answers.ts";
import type { BoundName } from "../../../src/ops/metrics/bounds.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const hour = 3_600_000;

type Bounds = Partial<Record<"apiKeptAnswers" | "apiKeptAnswersPerCaller" | "apiKeptAnswersBytes", number>>;

function setUp(bounds: Bounds = {}) {
  const clock = new FakeClock();
  const limits = { apiKeptAnswers: 3, apiKeptAnswersPerCaller: 100, apiKeptAnswersBytes: 1_000_000, ...bounds };
  const met: BoundName[] = [];
  const kept = new KeptAnswers({ clock, limits, bounds: { met: (bound) => void met.push(bound) } });
  const keep = (id: string, bytes = 10, caller = "ann") => {
    const answer = { request: `request ${id}`, status: 200, headers: new Headers(), body: new ArrayBuffer(bytes) };
    kept.keep(id, caller, answer);
  };
  const found = (...ids: readonly string[]) => ids.filter((id) => kept.find(id)?.request === `request ${id}`).join("");
  return { clock, found, keep, kept, limits, met };
}

test("an answer is kept for 24 hours, and no longer in memory", () => {
  const { clock, found, keep, kept, met } = setUp();
  keep("a");
  clock.advance(hour);
  keep("b");
  clock.advance(23 * hour - 1);
  expect(found("a", "b")).toBe("ab");
  clock.advance(1);
  expect(found("a", "b")).toBe("b");
  expect(kept.size).toBe(1);
  expect(met).toEqual([]);
});

test("beyond their number, the oldest is forgotten, and the bound counted", () => {
  const { found, keep, limits, met } = setUp();
  for (const id of "abc") keep(id);
  expect([found(..."abc"), met]).toEqual(["abc", []]);
  keep("d");
  expect([found(..."abcd"), met]).toEqual(["bcd", ["limits.api-kept-answers"]]);
  limits.apiKeptAnswers = 1;
  keep("e");
  expect(found(..."abcde")).toBe("e");
});

test("beyond their number for a caller, its oldest is forgotten, and none of others", () => {
  const { found, keep, met } = setUp({ apiKeptAnswers: 10, apiKeptAnswersPerCaller: 2 });
  keep("a", 10, "ben");
  for (const id of "bcd") keep(id);
  expect([found(..."abcd"), met]).toEqual(["acd", ["limits.api-kept-answers-per-caller"]]);
  keep("e", 10, "ben");
  expect([found(..."acde"), met]).toEqual(["acde", ["limits.api-kept-answers-per-caller"]]);
});

test("beyond their bytes, the oldest are forgotten; one that is larger alone is not kept", () => {
  const { found, keep, kept, met } = setUp({ apiKeptAnswersBytes: 3 * 1_124 });
  for (const id of "abc") keep(id, 100);
  expect(found(..."abc")).toBe("abc");
  keep("d", 101);
  expect([found(..."abcd"), met]).toEqual(["cd", ["limits.api-kept-answers", "limits.api-kept-answers-bytes"]]);
  keep("e", 10_000);
  expect([kept.size, met.at(-1)]).toEqual([0, "limits.api-kept-answers-bytes"]);
  keep("f", 100);
  expect(found("f")).toBe("f");
});
