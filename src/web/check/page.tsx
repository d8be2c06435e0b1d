import { useState } from "preact/hooks";
import { webSocketUrls } from "../shared/server-addresses.ts";
import { useValue } from "../shared/value.ts";
import { YurtMark } from "../shared/yurt-mark.tsx";
import { addressWith, roomOf, tokenOf } from "./address.ts";
import { CheckRun } from "./check-run.ts";
import type { IceServer } from "./diagnosis/ice-server.ts";
import { reportOf } from "./diagnosis/report.ts";
import { type Row, type RowGroup, rowsOf } from "./diagnosis/rows.ts";
import { roomOfToken } from "./diagnosis/test-room.ts";
import { verdictOf } from "./diagnosis/verdict.ts";
import { Identity, OtherServers } from "./parts/inputs.tsx";
import { Report } from "./parts/report.tsx";
import { RowList } from "./parts/row-list.tsx";
import { VerdictCard } from "./parts/verdict-card.tsx";

const groups: readonly (readonly [RowGroup, string])[] = [
  ["server", "This page and the server"],
  ["ice", "STUN and TURN servers"],
  ["connections", "Connections between browsers"],
];

export function Page() {
  const [run, setRun] = useState(() => begin(undefined));
  const state = useValue(run.state);
  const [pasted, setPasted] = useState<readonly IceServer[]>();
  const rows = rowsOf(state.measurements, state);
  const verdict = state.isDone ? verdictOf(state.measurements) : undefined;
  const time = new Date(run.startedAt).toISOString();
  const report = verdict && reportOf({ ...state, rows, verdict, time });
  const { access, page, server } = state.measurements;
  const mode = server?.kind === "answered" ? server.mode : "open";
  const test = (servers: readonly IceServer[] | undefined) => {
    setPasted(servers);
    setRun(begin(servers));
  };
  const identify = (token: string, room: string) => {
    history.replaceState(null, "", addressWith(new URL(location.href), { token, room }));
    setRun(begin(pasted));
  };
  const address = new URL(location.href);
  const needsToken = verdict !== undefined && access?.sync.kind === "denied" && access.signaling.kind === "denied";
  const identity = (
    <Identity
      token={tokenOf(address) ?? ""}
      room={roomOf(address) ?? ""}
      usedRoom={page?.room ?? ""}
      submit={identify}
    />
  );
  return (
    <>
      <header class="masthead">
        <svg class="brand" viewBox="-33 -23 66 45" aria-hidden="true">
          <YurtMark />
        </svg>
        <div>
          <h1>Connection test</h1>
          <p>How this browser reaches the server, and peers in other networks.</p>
        </div>
        {/* A button that is disabled would lose the focus. */}
        <button type="button" aria-disabled={!state.isDone} onClick={() => state.isDone && setRun(begin(pasted))}>
          Test again
        </button>
      </header>
      <main>
        <VerdictCard
          startedAt={run.startedAt}
          verdict={verdict}
          report={report}
          done={finishedOf(rows)}
          total={rows.length}
        />
        {needsToken && (
          <section class="panel needed" aria-labelledby="token-title">
            <h2 id="token-title">Access token</h2>
            {identity}
          </section>
        )}
        {groups.map(([group, title]) => (
          <RowList key={group} title={title} rows={rows.filter((row) => row.group === group)} />
        ))}
        {mode !== "open" && !needsToken && (
          <details class="panel foldable">
            <summary>Test another token or room</summary>
            {identity}
          </details>
        )}
        <OtherServers isPasted={pasted !== undefined} isBusy={!state.isDone} test={test} />
        {report !== undefined && <Report text={report} />}
      </main>
      <footer>
        <a href={`./${address.search}${address.hash}`}>Demo</a>
      </footer>
    </>
  );
}

function finishedOf(rows: readonly Row[]): number {
  return rows.filter(({ state }) => state !== "waiting" && state !== "running").length;
}

/** Starts a run with the token and the room that the address names. */
function begin(pastedServers: readonly IceServer[] | undefined): CheckRun {
  const address = new URL(location.href);
  const token = tokenOf(address);
  const room = roomOf(address) ?? roomOfToken(token);
  const hasWebrtc = typeof RTCPeerConnection === "function";
  const page = {
    address: address.origin + address.pathname,
    room,
    browser: navigator.userAgent,
    isSecure: isSecureContext,
    hasWebrtc,
    reportsIceErrors: hasWebrtc && "onicecandidateerror" in RTCPeerConnection.prototype,
  };
  return new CheckRun({ page, room, token, urls: webSocketUrls(address), pastedServers });
}
