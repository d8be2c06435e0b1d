import { rm } from "node:fs/promises";
import { executable as ownExecutable } from "../../../test/support/processes/executable.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import type { Attack } from "./attacker.ts";
import { attacks } from "./catalog.ts";
import { accessAttacks } from "./plays/access.ts";
import { documentAttacks } from "./plays/documents.ts";
import { engineAttacks } from "./plays/engine.ts";
import { frameAttacks } from "./plays/frames.ts";
import { presenceAttacks } from "./plays/presence.ts";
import { signalingAttacks } from "./plays/signaling.ts";
import { updateAttacks } from "./plays/updates.ts";
import { Stage } from "./stage.ts";
import { leftMegabytes, type Period, type TrialResult, tryAttacks } from "./trial.ts";

export interface ShortAttackOptions {
  /** A folder for the servers' data. It must exist. */
  readonly dataFolder: string;
  readonly progress?: Progress;
}

export interface AttackOptions extends ShortAttackOptions {
  /** The names of the attacks; all by default. */
  readonly names?: readonly string[] | undefined;
  /** How long each attack lasts. */
  readonly seconds?: number | undefined;
  /** The numbers of connections with which each attack runs, one after the other. */
  readonly connections: readonly (number | "own")[];
  /** The executable of the server, if it is not this repository's. */
  readonly executable?: string | undefined;
}

/** The bounds that a server keeps under attack; times in milliseconds, memory in megabytes. */
export interface Goals {
  readonly growth: number;
  readonly deliveryP99: number;
  readonly healthP99: number;
  readonly join: number;
  readonly lag: number;
}

const goals: Goals = { growth: 150, deliveryP99: 50, healthP99: 100, join: 1_000, lag: 10 };
/** The attacker shares the cores with the server. */
const manyConnections = 50;
const defaultSeconds = 10;
const goalsOfMany: Goals = { ...goals, deliveryP99: 200 };
const backMs = 30_000;
/** Some attacks are felt when a document is compacted, after its last client has left. */
const watchedMs = 15_000;

/** Attacks, each on a server of its own beside honest clients: they are not disturbed, and memory stays bounded. */
export async function tortureByAttacks(options: AttackOptions): Promise<Outcome> {
  const { dataFolder, progress = () => {}, executable = ownExecutable } = options;
  const faults = new Faults();
  const figures: Record<string, string> = {};
  const stage = await Stage.set(dataFolder, executable);
  for (const attack of attacks.filter(({ name }) => options.names?.includes(name) ?? true)) {
    const counts = options.connections.map((count) => (count === "own" ? attack.connections : count));
    for (const connections of new Set(counts)) {
      const copy = await stage.copy();
      const result = await tryAttacks([attack], {
        ...{ dataFolder: copy, executable, connections, backMs, watchedMs },
        seconds: options.seconds ?? defaultSeconds,
      });
      await rm(copy, { recursive: true });
      const title = `${attack.name} × ${connections}`;
      const found = faultsOf(result, connections < manyConnections ? goals : goalsOfMany);
      for (const fault of found) faults.add(`${title}: ${fault}`);
      figures[title] = describeResult(result);
      progress(`${found.length === 0 ? "ok  " : "FAIL"} ${title}: ${figures[title]}`);
      progress(`       ${describeCounters(result)}`);
    }
  }
  return { figures, faults: faults.all };
}

/** Attacks that run at once on one server in the short form. */
const shortGroups: readonly ReadonlyArray<readonly Attack[]>[] = [
  [engineAttacks, frameAttacks],
  [documentAttacks, updateAttacks],
  [presenceAttacks, signalingAttacks],
  ...(["webhook", "token", "terminal"] as const).map((kind) => [accessAttacks.filter(({ server }) => server === kind)]),
];
/** Times are ten times those of the goals: other programs share the machine, and several attacks share the server. */
const shortGoals: Goals = { growth: 300, deliveryP99: 2_000, healthP99: 2_000, join: 10_000, lag: 100 };
const short = { seconds: 4, watchedMs: 2_000, backMs } as const;

/** All attacks, several at once on each server: a minute and a half. */
export async function tortureByAttacksAtOnce({
  dataFolder,
  progress = () => {},
}: ShortAttackOptions): Promise<Outcome> {
  const faults = new Faults();
  const figures: Record<string, string> = {};
  const stage = await Stage.set(dataFolder, ownExecutable);
  for (const group of shortGroups) {
    const atOnce = group.flat();
    const result = await tryAttacks(atOnce, { ...short, dataFolder: await stage.copy(), executable: ownExecutable });
    const title = atOnce.map(({ name }) => name).join(", ");
    for (const fault of faultsOf(result, shortGoals)) faults.add(`${title}: ${fault}`);
    figures[title] = describeResult(result);
    progress(`${title}: ${figures[title]}`);
  }
  return { figures, faults: faults.all };
}

/** The goals that a server under attack has missed, as sentences. */
export function faultsOf(result: TrialResult, goals: Goals): readonly string[] {
  const { before, peak, after, backAfterSeconds, during, afterwards, lag, hasEnded, troubles } = result;
  if (hasEnded) return ["the server ended"];
  const worst = (of: (period: Period) => number) => Math.round(Math.max(of(during), of(afterwards)));
  const growth = Math.round(peak - before);
  const delivery = worst(({ pair }) => pair.p99);
  const health = worst(({ visitor }) => visitor.healthP99);
  const join = worst(({ visitor }) => visitor.joinMax);
  const closed = during.pair.closed + afterwards.pair.closed;
  const found: readonly (readonly [isFault: boolean, sentence: string])[] = [
    [growth > goals.growth, `the server grew by ${growth} MB`],
    [backAfterSeconds === undefined, `${Math.round(after - before)} MB were left, more than ${leftMegabytes}`],
    [delivery > goals.deliveryP99, `deliveries took ${delivery} ms (p99)`],
    [health > goals.healthP99, `/healthz took ${health} ms (p99)`],
    [join > goals.join, `a join took ${join} ms`],
    [(lag?.p99Ms ?? 0) > goals.lag, `the event loop was late by up to ${lag?.p99Ms} ms (p99)`],
    [closed > 0, `honest clients lost ${closed} connections`],
    [afterwards.pair.onTheWay > 0, `${afterwards.pair.onTheWay} characters of the honest pair did not arrive`],
  ];
  const failures = [...during.visitor.failures, ...afterwards.visitor.failures];
  return [
    ...found.flatMap(([isFault, sentence]) => (isFault ? [sentence] : [])),
    ...new Set([...failures, ...troubles].map((text) => text.slice(0, 300))),
  ];
}

function describeResult({ before, peak, after, backAfterSeconds, during, afterwards, lag, ...rest }: TrialResult) {
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

function describeCounters({ counters }: TrialResult): string {
  return Object.entries(counters)
    .map(([name, growth]) => `${name} +${Math.round(growth)}`)
    .join(", ");
}
