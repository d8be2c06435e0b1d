import type { Refusal, Refusals } from "../../../../client/server/administration.ts";
import { isToldByTitle } from "../reasons/reason-words.ts";

/** The refusals for one reason. */
export interface RefusalGroup {
  /** The reason, which `reasonWords` knows. */
  readonly reason: string;
  /** The number since the start of the server, or those in the list where the server does not count them. */
  readonly count: number;
}

/** The reason of a listed refusal. The events about a request itself have it in their name. */
export function reasonOf({ event, reason }: Pick<Refusal, "event" | "reason">): string {
  return reason ?? event.replace(/-refused$/, "");
}

/** The reasons of sessions that end with a denial, which is listed by itself. */
const denials: ReadonlySet<string> = new Set(["unauthorized", "forbidden"]);
/** A denial and the session that it ends are logged within so many milliseconds. */
const togetherMs = 1_000;

/** A list, which is latest first, in which a denial has the protocol of the session that it has ended, and that is left out. */
export function withoutEchoes(items: readonly Refusal[]): readonly Refusal[] {
  const kept: Refusal[] = [];
  for (const item of items.toReversed()) {
    const isEcho = item.event === "session-refused" && denials.has(item.reason ?? "");
    const index = isEcho ? kept.findLastIndex((other) => isEchoed(other, item)) : -1;
    const denial = kept[index];
    if (denial === undefined) kept.push(item);
    else kept[index] = { ...denial, protocol: item.protocol };
  }
  return kept.toReversed();
}

function isEchoed(denial: Refusal, { detail, time }: Refusal): boolean {
  const isNear = Math.abs(Date.parse(time) - Date.parse(denial.time)) <= togetherMs;
  return denial.event === "access-denied" && denial.protocol === null && denial.detail === detail && isNear;
}

/**
 * The refusals by reason, most often first. The same denial is counted as the denial, and again as the connection that it
 * has ended: the connection is left out.
 */
export function groupsOf({ counts, items }: Refusals): readonly RefusalGroup[] {
  const groups = new Map<string, number>();
  for (const { count, event, reason } of counts) {
    if (event === "upgrade-refused" && reason === "unauthenticated") continue;
    if (event === "session-refused" && denials.has(reason)) continue;
    groups.set(reason, (groups.get(reason) ?? 0) + count);
  }
  for (const { event, omitted, reason } of items) {
    const key = reasonOf({ event, reason });
    const isInCounts = event !== "connection-closed" && !(event === "session-refused" && denials.has(key));
    if (!isInCounts) groups.set(key, (groups.get(key) ?? 0) + 1 + omitted);
  }
  return Array.from(groups, ([reason, count]) => ({ reason, count })).toSorted(
    (left, right) => right.count - left.count,
  );
}

/** The detail of a refusal, where the words for its reason do not say it already. */
export function detailOf({ detail, event, reason }: Pick<Refusal, "detail" | "event" | "reason">): string | undefined {
  const isTold = event === "access-denied" && reason !== null && isToldByTitle(reason);
  return isTold || detail === null || detail === reason ? undefined : detail;
}

/** Refusals that differ in their times only, as those of a client that tries again and again. */
export interface RepeatedRefusal {
  /** It stays the same when later refusals come. */
  readonly key: string;
  readonly latest: Refusal;
  /** Those that are listed, and those that the log has left out. */
  readonly count: number;
}

/** The repeated refusals of a list, both with the latest first. */
export function repeatedIn(items: readonly Refusal[]): readonly RepeatedRefusal[] {
  const found = new Map<string, RepeatedRefusal>();
  for (const item of items) {
    const { address, detail, event, omitted, protocol, reason } = item;
    const key = JSON.stringify([address, detail, event, protocol, reason]);
    const { count, latest } = found.get(key) ?? { count: 0, latest: item };
    found.set(key, { key, latest, count: count + 1 + omitted });
  }
  return [...found.values()];
}

/** The kind of room in which clients of a protocol are; undefined if it is unknown. */
export function kindOf(protocol: string | null): "sync" | "signaling" | undefined {
  if (protocol === null) return undefined;
  return protocol === "y-websocket" || protocol === "hocuspocus" ? "sync" : "signaling";
}
