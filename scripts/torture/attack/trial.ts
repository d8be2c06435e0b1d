import { join } from "node:path";
import { forgetPeak, peakBytes, residentBytes } from "../../bench/process-stats.ts";
import { ChildProgram } from "../../child-program.ts";
import { type AttackedServer, type AttackedServerOptions, startAttacked } from "./attacked-server.ts";
import { type Attack, documents } from "./attacker.ts";
import type { AttackReport } from "./attacker-process.ts";
import type { PairReport } from "./honest/honest-pair-process.ts";
import type { VisitorReport } from "./honest/honest-visitor-process.ts";
import { type LoopLag, loopLag, movedCounters, readMetrics } from "./server-metrics.ts";

export interface TrialOptions extends AttackedServerOptions {
  readonly seconds: number;
  /** The number of connections with which an attack runs. */
  readonly connectionsOf: (attack: Attack) => number;
  /** The time in which the server's memory has to come back, and the least time after the attack that is watched. */
  readonly backMs: number;
  readonly watchedMs: number;
}

/** The honest clients' figures of one period; the last one ends when everything has arrived, or never will. */
export interface Period {
  readonly pair: PairReport;
  readonly visitor: VisitorReport;
}

/** The effects of one attack, or several at once, on a server. Memory is resident, in megabytes. */
export interface TrialResult {
  readonly before: number;
  readonly peak: number;
  /** At the end of the time that is watched. */
  readonly after: number;
  /** Seconds from the end of the attack until at most 50 MB more than before were in use; undefined if that never was. */
  readonly backAfterSeconds: number | undefined;
  readonly during: Period;
  readonly afterwards: Period;
  /** During the attack. */
  readonly lag: LoopLag | undefined;
  readonly counters: Readonly<Record<string, number>>;
  readonly sentBytes: number;
  readonly plays: number;
  readonly hasEnded: boolean;
  readonly troubles: readonly string[];
}

const megabyte = 1_000_000;
/** The growth that may be left when an attack is over. */
export const leftMegabytes = 50;
const attackerNetwork = "203.0.113";
/**
 * The server's link, a gigabit, which all attackers share. The loopback interface brings ten times as much, before any
 * program can look at it.
 */
const linkBytesPerSecond = 125_000_000;
const warmUpMs = 2_000;
const pollMs = 250;
/** The attacker's own loop may be late, and a server that is blocked answers late. */
const lateMs = 90_000;

/** Attacks a server of its own beside honest clients. */
export async function tryAttacks(attacks: readonly Attack[], options: TrialOptions): Promise<TrialResult> {
  await using server = await startAttacked(attacks.find(({ server }) => server !== undefined)?.server, options);
  const { port, token } = server;
  /** Attacks that run at once come from an address each. */
  const attackerArgs = (attack: Attack, index: number) => {
    const address = `${attackerNetwork}.${index + 1}`;
    const bytesPerSecond = linkBytesPerSecond / attacks.length;
    return [port, attack.name, options.seconds, options.connectionsOf(attack), address, bytesPerSecond].map(String);
  };
  const tokenArgs = token === undefined ? [] : [token];
  await using honest = new AsyncDisposableStack();
  const start = async (file: string, ...args: readonly string[]) =>
    honest.use(await ChildProgram.start({ path: join(import.meta.dir, file), args }));
  const [pair, visitor, attackers] = await Promise.all([
    start("honest/honest-pair-process.ts", `ws://127.0.0.1:${port}`, documents.pair, ...tokenArgs),
    start("honest/honest-visitor-process.ts", `${port}`, documents.visited, ...tokenArgs),
    Promise.all(attacks.map((attack, index) => start("attacker-process.ts", ...attackerArgs(attack, index)))),
  ]);
  const period = async (which: "next" | "last" = "next"): Promise<Period> => {
    const [ofPair, ofVisitor] = await Promise.all([pair.ask<PairReport>(which), visitor.ask<VisitorReport>(which)]);
    return { pair: ofPair, visitor: ofVisitor };
  };
  await Bun.sleep(warmUpMs);
  const metricsBefore = await readMetrics(port, token);
  await period();
  const before = residentBytes(server.pid) / megabyte;
  forgetPeak(server.pid);
  const reports = await Promise.all(
    attackers.map((attacker) => attacker.ask<AttackReport>("begin", options.seconds * 1_000 + lateMs)),
  );
  const endedAt = performance.now();
  const during = await period();
  const metricsDuring = server.hasEnded ? metricsBefore : await readMetrics(port, token);
  const backAfterSeconds = await untilBack(server, before, endedAt, options);
  const afterwards = await period("last");
  const metricsAfter = server.hasEnded ? metricsBefore : await readMetrics(port, token);
  return {
    before,
    peak: server.hasEnded ? Number.NaN : peakBytes(server.pid) / megabyte,
    after: server.hasEnded ? Number.NaN : residentBytes(server.pid) / megabyte,
    backAfterSeconds,
    during,
    afterwards,
    lag: loopLag(metricsBefore, metricsDuring),
    counters: movedCounters(metricsBefore, metricsAfter),
    sentBytes: reports.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    plays: reports.reduce((sum, { plays }) => sum + plays, 0),
    hasEnded: server.hasEnded,
    troubles: server.troubles,
  };
}

async function untilBack(
  server: AttackedServer,
  before: number,
  endedAt: number,
  { backMs, watchedMs }: TrialOptions,
): Promise<number | undefined> {
  let backAfterSeconds: number | undefined;
  for (let passed = 0; !server.hasEnded && passed < backMs; passed = performance.now() - endedAt) {
    if (backAfterSeconds === undefined && residentBytes(server.pid) / megabyte <= before + leftMegabytes) {
      backAfterSeconds = passed / 1_000;
    }
    if (backAfterSeconds !== undefined && passed >= watchedMs) break;
    await Bun.sleep(pollMs);
  }
  return backAfterSeconds;
}
