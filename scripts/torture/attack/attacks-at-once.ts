import { executable } from "../../../test/support/processes/executable.ts";
import { Faults, type Outcome, type Progress } from "../outcome.ts";
import type { Attack } from "./attacker.ts";
import { accessAttacks } from "./plays/access.ts";
import { documentAttacks } from "./plays/documents.ts";
import { engineAttacks } from "./plays/engine.ts";
import { frameAttacks } from "./plays/frames.ts";
import { presenceAttacks } from "./plays/presence.ts";
import { signalingAttacks } from "./plays/signaling.ts";
import { updateAttacks } from "./plays/updates.ts";
import { Stage } from "./stage.ts";
import { tryAttacks } from "./trial.ts";
import { describeResult, faultsOf, type Goals } from "./verdict.ts";

export interface AttacksAtOnceOptions {
  /** A folder for the servers' data. It must exist. */
  readonly dataFolder: string;
  readonly progress?: Progress;
}

/** The attacks of each server. */
const groups = [
  [...engineAttacks, ...frameAttacks],
  [...documentAttacks, ...updateAttacks],
  [...presenceAttacks, ...signalingAttacks],
  ...(["webhook", "token", "terminal"] as const).map((kind) => accessAttacks.filter(({ server }) => server === kind)),
];
/**
 * Times are ten times those of one attack alone, and the lag of the event loop fifty times: other programs share the
 * machine, and several attacks share the server, which each may fill a part of its memory. (One build was measured from
 * 600 to 930 MB.)
 */
const goals: Goals = { growth: 1_000, deliveryP99: 2_000, healthP99: 2_000, join: 10_000, lag: 500 };
/** The most connections of one attack: all attacks share the machine with the server. */
const mostConnections = 5;
const options = {
  executable,
  seconds: 4,
  connectionsOf: ({ connections }: Attack) => Math.min(connections, mostConnections),
  watchedMs: 2_000,
  // Compactions of the attackers' documents, which are also recorded in their history, go on for 30 to 80 s.
  backMs: 120_000,
} as const;

/** All attacks, several at once on each server: a minute and a half. */
export async function tortureByAttacksAtOnce({
  dataFolder,
  progress = () => {},
}: AttacksAtOnceOptions): Promise<Outcome> {
  const faults = new Faults();
  const figures: Record<string, string> = {};
  const stage = await Stage.set(dataFolder, executable);
  for (const group of groups) {
    const result = await tryAttacks(group, { ...options, dataFolder: await stage.copy() });
    const title = group.map(({ name }) => name).join(", ");
    for (const fault of faultsOf(result, goals)) faults.add(`${title}: ${fault}`);
    figures[title] = describeResult(result);
    progress(`${title}: ${figures[title]}`);
  }
  return { figures, faults: faults.all };
}
