import { expect, test } from "bun:test";
import type { TrialResult } from "../../../scripts/torture/attack/trial.ts";
import { faultsOf, type Goals } from "../../../scripts/torture/attack/verdict.ts";

const goals: Goals = { growth: 150, deliveryP99: 50, healthP99: 100, join: 1_000, lag: 10 };

const quiet: TrialResult = {
  before: 80,
  peak: 230,
  after: 90,
  backAfterSeconds: 3,
  during: {
    pair: { sent: 500, onTheWay: 2, p50: 1, p99: 50, max: 60, ownLagP99: 0, closed: 0 },
    visitor: { healthP99: 100, healthMax: 120, joins: 4, joinMax: 1_000, failures: [] },
  },
  afterwards: {
    pair: { sent: 750, onTheWay: 0, p50: 1, p99: 5, max: 6, ownLagP99: 0, closed: 0 },
    visitor: { healthP99: 5, healthMax: 6, joins: 7, joinMax: 20, failures: [] },
  },
  lag: { samples: 100, p99Ms: 10, maxMs: 20 },
  counters: {},
  sentBytes: 1e6,
  plays: 10,
  hasEnded: false,
  troubles: [],
};

test("a server that keeps every goal has no fault", () => {
  expect(faultsOf(quiet, goals)).toEqual([]);
});

const { during, afterwards } = quiet;

test("the delays that the pair has by itself are no fault of the server", () => {
  const noisy = { ...during.pair, ownLagP99: 20 };
  const late = {
    ...quiet,
    lag: { samples: 100, p99Ms: 50, maxMs: 50 },
    during: { ...during, pair: { ...noisy, p99: 90 } },
  };
  expect(faultsOf(late, goals)).toEqual([]);
  const later = { ...late, during: { ...during, pair: { ...noisy, p99: 91 } } };
  expect(faultsOf(later, goals)).toEqual([expect.stringContaining("deliveries took 51 ms")]);
});

test.each<[fault: string, result: Partial<TrialResult>]>([
  ["the server grew by 151 MB", { peak: 231 }],
  ["60 MB were left, more than 50", { after: 140, backAfterSeconds: undefined }],
  [
    "deliveries took 51 ms (p99), the delays of their own process left out",
    { during: { ...during, pair: { ...during.pair, p99: 51 } } },
  ],
  [
    "deliveries took 700 ms (p99), the delays of their own process left out",
    { afterwards: { ...afterwards, pair: { ...afterwards.pair, p99: 700 } } },
  ],
  [
    "/healthz took 101 ms (p99), the delays of the machine left out",
    { during: { ...during, visitor: { ...during.visitor, healthP99: 101 } } },
  ],
  ["a join took 1001 ms", { afterwards: { ...afterwards, visitor: { ...afterwards.visitor, joinMax: 1_001 } } }],
  ["the event loop was late by up to 20 ms (p99)", { lag: { samples: 100, p99Ms: 20, maxMs: 20 } }],
  ["honest clients lost 2 connections", { during: { ...during, pair: { ...during.pair, closed: 2 } } }],
  [
    "1 characters of the honest pair did not arrive",
    { afterwards: { ...afterwards, pair: { ...afterwards.pair, onTheWay: 1 } } },
  ],
  [
    "/healthz answers 503",
    { during: { ...during, visitor: { ...during.visitor, failures: ["/healthz answers 503"] } } },
  ],
  ["the server ended", { hasEnded: true }],
  ['{"level":"error"}', { troubles: ['{"level":"error"}'] }],
])("a fault is found: %s", (fault, result) => {
  expect(faultsOf({ ...quiet, ...result }, goals)).toEqual([fault]);
});
