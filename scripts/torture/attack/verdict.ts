import type { PairReport } from "./honest/honest-pair-process.ts";
import { leftMegabytes, type Period, type TrialResult } from "./trial.ts";

/** The bounds that a server keeps under attack; times in milliseconds, memory in megabytes. */
export interface Goals {
  readonly growth: number;
  readonly deliveryP99: number;
  readonly healthP99: number;
  readonly join: number;
  readonly lag: number;
}

/** The goals that a server under attack has missed, as sentences. */
export function faultsOf(result: TrialResult, goals: Goals): readonly string[] {
  const { before, peak, after, backAfterSeconds, during, afterwards, lag, hasEnded, troubles } = result;
  if (hasEnded) return ["the server ended"];
  const worst = (of: (period: Period) => number) => Math.round(Math.max(of(during), of(afterwards)));
  const growth = Math.round(peak - before);
  const delivery = worst(({ pair }) => pair.p99 - noiseOf(pair));
  const health = worst(({ pair, visitor }) => visitor.healthP99 - noiseOf(pair));
  const join = worst(({ visitor }) => visitor.joinMax);
  const closed = during.pair.closed + afterwards.pair.closed;
  const found: readonly (readonly [isFault: boolean, sentence: string])[] = [
    [growth > goals.growth, `the server grew by ${growth} MB`],
    [backAfterSeconds === undefined, `${Math.round(after - before)} MB were left, more than ${leftMegabytes}`],
    [delivery > goals.deliveryP99, `deliveries took ${delivery} ms (p99), the delays of their own process left out`],
    [health > goals.healthP99, `/healthz took ${health} ms (p99), the delays of the machine left out`],
    [join > goals.join, `a join took ${join} ms`],
    [(lag?.p99Ms ?? 0) - noiseOf(during.pair) > goals.lag, `the event loop was late by up to ${lag?.p99Ms} ms (p99)`],
    [closed > 0, `honest clients lost ${closed} connections`],
    [afterwards.pair.onTheWay > 0, `${afterwards.pair.onTheWay} characters of the honest pair did not arrive`],
  ];
  const failures = [...during.visitor.failures, ...afterwards.visitor.failures];
  return [
    ...found.flatMap(([isFault, sentence]) => (isFault ? [sentence] : [])),
    ...new Set([...failures, ...troubles].map((text) => text.slice(0, 300))),
  ];
}

/**
 * The delay in milliseconds that other programs of the machine cause: that of the pair's own timers, once in the sender
 * and once in the server.
 */
function noiseOf({ ownLagP99 }: PairReport): number {
  return 2 * ownLagP99;
}

/** The figures of a trial in one line. */
export function describeResult({
  before,
  peak,
  after,
  backAfterSeconds,
  during,
  afterwards,
  lag,
  ...rest
}: TrialResult) {
  const back = backAfterSeconds === undefined ? "not back" : `back after ${backAfterSeconds.toFixed(1)} s`;
  return [
    `RSS ${Math.round(before)} → ${Math.round(peak)} → ${Math.round(after)} MB (${back})`,
    `during ${describePeriod(during)}`,
    `after ${describePeriod(afterwards)}`,
    `loop lag p99 ${lag?.p99Ms ?? "?"} max ${lag?.maxMs ?? "?"} ms`,
    `closed ${during.pair.closed + afterwards.pair.closed}`,
    `attacker ${(rest.sentBytes / 1e6).toFixed(1)} MB in ${rest.plays} plays`,
  ].join("; ");
}

function describePeriod({ pair, visitor }: Period): string {
  const ms = (value: number) => Math.round(value);
  const late = pair.onTheWay > 1 ? ` (${pair.onTheWay} on the way)` : "";
  return (
    `delivery p50/p99/max ${ms(pair.p50)}/${ms(pair.p99)}/${ms(pair.max)}${late} [own ${ms(pair.ownLagP99)}], ` +
    `healthz p99/max ${ms(visitor.healthP99)}/${ms(visitor.healthMax)}, join ${ms(visitor.joinMax)} ms`
  );
}

/** The server's counters that have moved, in one line. */
export function describeCounters({ counters }: TrialResult): string {
  return Object.entries(counters)
    .map(([name, growth]) => `${name} +${Math.round(growth)}`)
    .join(", ");
}
