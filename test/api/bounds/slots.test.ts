import { expect, test } from "bun:test";
import { Slots } from "../../../src/api/bounds/slots.ts";
import { Problem } from "../../../src/api/problems.ts";

function setUp(limit = 3, perCaller = 2) {
  const limits = { limit, perCaller };
  const slots = new Slots({
    work: "exports",
    inAll: { limit: () => limits.limit, bound: "limits.api-copies" },
    perCaller: { limit: () => limits.perCaller, bound: "limits.api-copies-per-caller" },
  });
  const problemOf = (counted: string | undefined) => {
    try {
      slots.take(counted);
      return undefined;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return [error.code, error.facts.bound, error.facts.headers?.["retry-after"]];
    }
  };
  return { limits, problemOf, slots };
}

test("a caller gets its share, and leaves slots to the others", () => {
  const { problemOf, slots } = setUp();
  const give = slots.take("greedy");
  slots.take("greedy");
  expect(problemOf("greedy")).toEqual(["rate-limited", "limits.api-copies-per-caller", "5"]);
  expect(problemOf("other")).toBeUndefined();
  expect(problemOf("third")).toEqual(["overloaded", "limits.api-copies", "5"]);
  give();
  give();
  expect(slots.taken).toBe(2);
  expect(problemOf("greedy")).toBeUndefined();
});

test("a caller without a share of its own is bounded with all others", () => {
  const { problemOf } = setUp();
  expect([1, 2, 3].map(() => problemOf(undefined))).toEqual([undefined, undefined, undefined]);
  expect(problemOf(undefined)?.[0]).toBe("overloaded");
});

test("changed limits hold for the next request", () => {
  const { limits, problemOf } = setUp(1, 1);
  expect([problemOf("a"), problemOf("b")?.[0]]).toEqual([undefined, "overloaded"]);
  limits.limit = 2;
  expect(problemOf("b")).toBeUndefined();
});

test("a task gives its slot back, also when it fails", async () => {
  const { slots } = setUp();
  const failing = slots.run("a", async () => {
    expect(slots.taken).toBe(1);
    throw new Error("failed");
  });
  expect(await failing.catch((error: Error) => error.message)).toBe("failed");
  expect(await slots.run("a", async () => "done")).toBe("done");
  expect(slots.taken).toBe(0);
});
