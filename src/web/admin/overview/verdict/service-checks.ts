import type { ServerFacts } from "../../../../client/server/administration.ts";
import { remedyOf, turnEvents } from "../../data/problem-remedy.ts";
import { formatCount, formatDuration } from "../../parts/formats.ts";
import { type Check, type Finding, found, passed, unused } from "./check.ts";
import { thresholds } from "./thresholds.ts";

/** The events of the log that make a server not ready. */
const explains = ["data-folder-gone", "store-failed", "sync-failed"];

export function readyCheck({ notReady, problems, ready }: Pick<ServerFacts, "notReady" | "problems" | "ready">): Check {
  if (ready) return passed("Updates", "Accepted");
  const reasons = notReady.length === 0 ? ["the server is not ready"] : notReady;
  const remedy = remedyOf(problems, explains);
  return found(
    "Updates",
    "Not accepted",
    reasons.map((reason) => ({
      id: `not-ready: ${reason}`,
      tone: "away",
      title: `No updates are accepted: ${reason}`,
      remedy: remedy ?? "Clients keep their edits and send them later. The latest problems below show the cause.",
      explains,
    })),
  );
}

export function certificateCheck({ certificate }: Pick<ServerFacts, "certificate">, now: number): Check {
  const label = "Certificate";
  if (certificate === null) return unused(label, "Not served by Yurt");
  const leftMs = Date.parse(certificate.expiresAt) - now;
  const names = certificate.names.slice(0, 2).join(", ");
  const finding = (tone: Finding["tone"], title: string): Finding => ({
    id: "certificate",
    tone,
    title,
    remedy:
      "It should have been renewed by now. The log shows why: for example, a port is closed or a DNS record is wrong.",
    link: { label: "HTTPS settings", view: "settings", query: { q: "tls." } },
  });
  if (leftMs <= 0) return found(label, "Expired", [finding("away", `The certificate of ${names} has expired`)]);
  const left = formatDuration(leftMs);
  const value = `${left} left`;
  if (leftMs >= thresholds.certificateMs) return passed(label, value);
  return found(label, value, [finding("busy", `The certificate of ${names} expires in ${left}`)]);
}

export function connectionsCheck({ connections }: Pick<ServerFacts, "connections">): Check {
  const open = Object.values(connections.open).reduce((sum, count) => sum + count, 0);
  const value = `${formatCount(open)} of ${formatCount(connections.limit)}`;
  if (open < thresholds.usedPart * connections.limit) return passed("Connections", value);
  return found("Connections", value, [
    {
      id: "connections",
      tone: "busy",
      title: `${value} connections are open`,
      remedy: "New clients will be refused. Raise the limit, or find the clients that use it up.",
      link: { label: "Limit settings", view: "settings", query: { q: "limits.connections" } },
    },
  ]);
}

export function turnCheck({ problems, turn }: Pick<ServerFacts, "problems" | "turn">): Check {
  if (turn === null || turn.state === "off") return unused("TURN", "Off");
  if (turn.state === "listening") {
    return passed("TURN", turn.allocations === 0 ? "Listening" : `${formatCount(turn.allocations)} in use`);
  }
  return found("TURN", "Not listening", [
    {
      id: "turn",
      tone: "busy",
      title: "TURN is not listening",
      remedy:
        remedyOf(problems, turnEvents) ??
        "Peers whose networks block direct connections reach each other through the server only. The log lines from the start of the server show why.",
      link: { label: "Show TURN", view: "settings", path: ["turn"] },
      explains: turnEvents,
    },
  ]);
}
