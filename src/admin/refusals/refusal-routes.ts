import * as v from "valibot";
import { demandNoPrefix } from "../../api/caller.ts";
import { json, type Route, route } from "../../api/route.ts";
import type { Count } from "../../ops/metrics/counts.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { LoggedLine, RecentLog } from "../../ops/recent-log.ts";
import { time } from "../overview/server-schemas.ts";

export interface RefusalRoutesOptions {
  readonly recent: Pick<RecentLog, "refusals">;
  readonly metrics: Pick<Metrics, "accessDenials" | "refusedSessions" | "refusedUpgrades">;
}

const textOrNull = (description: string) => v.pipe(v.nullable(v.string()), v.description(description));

const refusal = v.object({
  time: time("When it was logged"),
  event: v.pipe(
    v.string(),
    v.description(
      "`access-denied`: to a room; `upgrade-refused`, `host-refused`, `origin-refused`, `path-refused`, `handshake-refused`: before the connection was open; `session-refused`, `connection-closed`: afterwards",
    ),
  ),
  reason: textOrNull("Why: the code of a denial, or the name of a close reason; null where the event says all"),
  detail: textOrNull("The same in words, or the bound that was met"),
  protocol: textOrNull("The protocol of the client, as far as it is known"),
  address: textOrNull("The address that limits count as the client's, as far as the log has it"),
  remedy: textOrNull("What to do about it, if the log says so"),
  omitted: v.pipe(
    v.number(),
    v.description(
      "The number of refusals for the same reason before this one that are not listed, since they were many",
    ),
  ),
});

const refusals = v.pipe(
  v.object({
    items: v.pipe(v.array(refusal), v.description("The latest first")),
    counts: v.pipe(
      v.array(v.object({ event: v.string(), reason: v.string(), count: v.number() })),
      v.description("The refusals since the start, without `connection-closed`, most often first"),
    ),
  }),
  v.title("Refusals"),
);

/** The route that shows which clients were refused, and why. */
export function refusalRoutes({ metrics, recent }: RefusalRoutesOptions): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/v1/refusals",
      id: "listRefusals",
      tag: "Administration",
      needs: "docs:admin",
      summary: "List the clients that were refused lately, and the reasons",
      description:
        "The list has the last 200 refusals of the log. Of many refusals for one reason, the log keeps 20 and then one per second, and at a `log.level` above `info` it lacks some. The counts include every refused client, but none whose connection was closed later.",
      answers: { 200: { description: "The refusals", json: refusals } },
      handle: ({ caller }) => {
        demandNoPrefix(caller, "refusals concern all documents");
        const counts = [
          ...countsOf("access-denied", "code", metrics.accessDenials.counted()),
          ...countsOf("upgrade-refused", "reason", metrics.refusedUpgrades.counted()),
          ...countsOf("session-refused", "reason", metrics.refusedSessions.counted()),
        ];
        return json({
          items: recent.refusals.map(showRefusal),
          counts: counts.toSorted((left, right) => right.count - left.count),
        });
      },
    }),
  ];
}

/** The counts by one label, over the values of the others. */
function countsOf<Label extends string>(event: string, label: NoInfer<Label>, counted: readonly Count<Label>[]) {
  const sums = new Map<string, number>();
  for (const { labels, value } of counted) sums.set(labels[label], (sums.get(labels[label]) ?? 0) + value);
  return Array.from(sums, ([reason, count]) => ({ event, reason, count }));
}

function showRefusal({ event, fields, remedy, time: loggedAt }: LoggedLine) {
  const { address, code, detail, fault, host, omitted, origin, path, protocol, reason } = fields;
  const isDenial = event === "access-denied";
  return {
    time: loggedAt,
    event,
    reason: textOf(isDenial ? code : reason),
    detail: textOf(isDenial ? reason : (detail ?? fault ?? origin ?? host ?? path)),
    protocol: textOf(protocol),
    address: textOf(address),
    remedy: remedy ?? null,
    omitted: typeof omitted === "number" ? omitted : 0,
  };
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : String(value);
}
