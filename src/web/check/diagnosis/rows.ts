import { type Finding, type FindingState, skipped } from "./finding.ts";
import { nameOf } from "./ice-faults.ts";
import { hostFinding, iceFinding, natFinding, udpFinding, urlFinding } from "./ice-findings.ts";
import { directLoopFinding, turnLoopFinding } from "./loop-findings.ts";
import type { Measurements } from "./measurements.ts";
import { accessFinding, pageFinding, relayFinding, serverFinding, signalingFinding } from "./server-findings.ts";
import { endpointsIn, natEndpoints, reasonToSkip, type StepId, testedIn } from "./steps.ts";

export type RowState = FindingState | "waiting" | "running";
export type RowGroup = "server" | "ice" | "connections";

/** One line of the test. `udp` is concluded from others. */
export interface Row {
  readonly id: StepId | "udp";
  readonly group: RowGroup;
  readonly title: string;
  /** The URL that the row is about. */
  readonly subject?: string;
  readonly state: RowState;
  readonly finding?: Finding;
}

/** How far the test is. */
export interface Progress {
  readonly running: readonly StepId[];
  readonly isDone: boolean;
}

/** All lines in their order, whatever has been measured of them. */
export function rowsOf(measurements: Measurements, progress: Progress): readonly Row[] {
  const row = (id: StepId, group: RowGroup, title: string, finding: Finding | undefined): Row => {
    const isRunning = progress.running.includes(id);
    const shown = isRunning ? undefined : (finding ?? skippedStep(id, measurements, progress));
    return {
      id,
      group,
      title,
      state: shown?.state ?? (isRunning ? "running" : "waiting"),
      ...(shown && { finding: shown }),
    };
  };
  const { page, server, access, signaling, relay, ice, host, nat, turnLoop, directLoop } = measurements;
  const mode = server?.kind === "answered" ? server.mode : undefined;
  const hasNat = nat !== undefined || natEndpoints(measurements).length > 0;
  return [
    row("page", "server", "This page", page && pageFinding(page)),
    row("server", "server", "Server", server && serverFinding(server)),
    row("access", "server", "Access", access && accessFinding(access, mode, page?.room ?? "")),
    row("signaling", "server", "Signaling", signaling && signalingFinding(signaling)),
    row("relay", "server", "Relay", relay && relayFinding(relay)),
    row("ice", "ice", "List of ICE servers", ice && iceFinding(ice)),
    ...urlRows(measurements, row),
    ...(hasNat ? [row("nat", "ice", "NAT", nat && natFinding(nat))] : []),
    udpRow(measurements, progress),
    row("host", "connections", "Local addresses", host && hostFinding(host)),
    row("direct-loop", "connections", "Direct loop", directLoop && directLoopFinding(directLoop, host)),
    row("turn-loop", "connections", "Loop through TURN", turnLoop && turnLoopFinding(turnLoop)),
  ];
}

function skippedStep(id: StepId, measurements: Measurements, { isDone }: Progress): Finding | undefined {
  if (!isDone) return undefined;
  return skipped(reasonToSkip(id, measurements) ?? "Not tested.");
}

type MakeRow = (id: StepId, group: RowGroup, title: string, finding: Finding | undefined) => Row;

function urlRows(measurements: Measurements, row: MakeRow): readonly Row[] {
  const reportsIceErrors = measurements.page?.reportsIceErrors ?? true;
  return endpointsIn(measurements).map((endpoint) => {
    const outcome = measurements.urls?.[endpoint.url];
    const finding = outcome && urlFinding({ endpoint, outcome }, reportsIceErrors);
    return { ...row(`url:${endpoint.url}`, "ice", nameOf(endpoint), finding), subject: endpoint.url };
  });
}

function udpRow(measurements: Measurements, { isDone }: Progress): Row {
  const tested = testedIn(measurements);
  const isComplete = tested.length > 0 && tested.length === endpointsIn(measurements).length;
  const finding = isComplete
    ? udpFinding(tested, measurements.page?.reportsIceErrors ?? true)
    : isDone
      ? skipped(reasonToSkip("ice", measurements) ?? "There are no ICE servers to test with.")
      : undefined;
  const base = { id: "udp", group: "ice", title: "UDP" } as const;
  return finding === undefined ? { ...base, state: "waiting" } : { ...base, state: finding.state, finding };
}
