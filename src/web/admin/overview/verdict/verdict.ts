import type { ServerFacts } from "../../../../client/server/administration.ts";
import type { WebhookFacts } from "../../../../client/webhook-endpoints.ts";
import { type Check, type Finding, worstOf } from "./check.ts";
import { errorCheck } from "./error-check.ts";
import { acknowledgementCheck, eventLoopCheck, type Measured, memoryCheck } from "./load-checks.ts";
import { certificateCheck, connectionsCheck, readyCheck, turnCheck } from "./service-checks.ts";
import { backupCheck, clusterChecks, diskCheck } from "./storage-checks.ts";
import { webhookCheck } from "./webhook-check.ts";

export interface Observations {
  readonly facts: ServerFacts;
  readonly eventLoopLagP99Ms: Measured;
  readonly acknowledgementP99Ms: Measured;
  /** Undefined for a server that has none, because it stores no documents. */
  readonly webhooks: readonly WebhookFacts[] | undefined;
  /** The interval of the schedule of backups, in milliseconds; undefined if unknown. */
  readonly backupEveryMs: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Verdict {
  readonly tone: "good" | Finding["tone"];
  /** A sentence without a full stop. */
  readonly title: string;
  /** The worst first. */
  readonly findings: readonly Finding[];
  readonly checks: readonly Check[];
}

/** Whether anything needs attention, and what. */
export function verdictOf(observations: Observations): Verdict {
  const { acknowledgementP99Ms, backupEveryMs: everyMs, eventLoopLagP99Ms, facts, now, webhooks } = observations;
  const others = [
    readyCheck(facts),
    connectionsCheck(facts),
    acknowledgementCheck(acknowledgementP99Ms),
    eventLoopCheck(eventLoopLagP99Ms),
    memoryCheck(facts),
    ...clusterChecks(facts),
    diskCheck(facts),
    backupCheck({ ...facts, everyMs, now }),
    certificateCheck(facts, now),
    turnCheck(facts),
    ...(webhooks === undefined ? [] : [webhookCheck(webhooks, now)]),
  ];
  const explained = new Set(others.flatMap((check) => check.findings).flatMap(({ explains = [] }) => explains));
  const checks = [...others, errorCheck({ ...facts, explained, now })];
  const findings = checks
    .flatMap((check) => check.findings)
    .toSorted((left, right) => Number(right.tone === "away") - Number(left.tone === "away"));
  return {
    tone: findings.length === 0 ? "good" : worstOf(findings),
    title: titleOf(findings.length),
    findings,
    checks,
  };
}

/** A verdict about a server that does not tell its state any more: the values are the last ones. */
export function withoutState({ checks }: Verdict): Verdict {
  return {
    tone: "away",
    title: "The state of the server is unknown",
    findings: [],
    checks: checks.map((check) => ({ ...check, tone: "off" })),
  };
}

function titleOf(count: number): string {
  if (count === 0) return "Nothing needs attention";
  return count === 1 ? "1 thing needs attention" : `${count} things need attention`;
}
