import { useEffect, useMemo, useRef } from "preact/hooks";
import { lastValue } from "../data/loaded.ts";
import { useRead } from "../data/use-read.ts";
import { useSession } from "../entry/session.ts";
import type { ViewProps } from "../frame/address.ts";
import { formatDuration } from "../parts/formats.ts";
import { LoadedPart } from "../parts/loaded-part.tsx";
import { BoundsTable } from "./bounds-table.tsx";
import { figureCharts } from "./figures/figure-charts.ts";
import { FigurePanel } from "./figures/figure-panel.tsx";
import { useFigures } from "./figures/use-figures.ts";
import { ProblemList } from "./problems/problem-list.tsx";
import { backupEveryMs } from "./verdict/backup-interval.ts";
import { verdictOf, withoutState } from "./verdict/verdict.ts";
import { VerdictPanel } from "./verdict/verdict-panel.tsx";

const factsMs = 5_000;
const webhooksMs = 30_000;

/** The first look of an operator: whether anything needs attention, and the figures of the last hour. */
export function OverviewView({ place }: ViewProps) {
  const { client, clock } = useSession();
  const facts = useRead({ key: "server", everyMs: factsMs, read: (signal) => client.server.get({ signal }) });
  const settings = useRead({ key: "settings", read: (signal) => client.server.configuration({ signal }) });
  // A server without documents has no route for webhooks.
  const hasDocuments = (lastValue(facts.state)?.disk ?? null) !== null;
  const webhooks = useRead({
    key: `webhooks ${hasDocuments}`,
    everyMs: webhooksMs,
    read: async (signal) => (hasDocuments ? client.webhooks.list({ signal }) : undefined),
  });
  const figures = useFigures();
  const { rows } = figures;
  const times = useMemo(() => rows.map(({ at }) => at), [rows]);
  const charts = useMemo(() => figureCharts(rows), [rows]);
  const event = place.query["event"];
  const problems = useRef<HTMLElement>(null);
  const isCurrent = facts.state.kind === "loaded";
  const hasFacts = lastValue(facts.state) !== undefined;
  useEffect(() => {
    if (event !== undefined && hasFacts) problems.current?.scrollIntoView({ block: "nearest" });
  }, [event, hasFacts]);
  return (
    <>
      <h1>Overview</h1>
      <LoadedPart of={facts.state} retry={facts.refresh}>
        {(server) => {
          const now = clock.now();
          const verdict = verdictOf({
            facts: server,
            eventLoopLagP99Ms: { times, values: rows.map((row) => row.eventLoopLagP99Ms) },
            acknowledgementP99Ms: { times, values: rows.map((row) => row.acknowledgementP99Ms) },
            webhooks: lastValue(webhooks.state),
            backupEveryMs: backupEveryMs(lastValue(settings.state) ?? []),
            now,
          });
          const uptime = formatDuration(now - Date.parse(server.startedAt));
          return (
            <>
              <VerdictPanel
                verdict={isCurrent ? verdict : withoutState(verdict)}
                about={
                  isCurrent
                    ? `Yurt ${server.version}, running for ${uptime}`
                    : "The values below are the last known ones."
                }
              />
              <section class="figures" aria-labelledby="figures-title">
                <h2 id="figures-title">The last hour</h2>
                <LoadedPart of={figures.state} retry={figures.retry}>
                  {() => (
                    <div class="figure-grid">
                      {charts.map((chart) => (
                        <FigurePanel key={chart.id} chart={chart} times={times} />
                      ))}
                      <section class="panel figure-panel" aria-labelledby="bounds-title">
                        <header>
                          <h3 id="bounds-title">Limits reached</h3>
                          <p class="hint">Since the start</p>
                        </header>
                        <BoundsTable boundHits={server.boundHits} />
                      </section>
                    </div>
                  )}
                </LoadedPart>
              </section>
              <section ref={problems} class="panel problems-panel" aria-labelledby="problems-title">
                <header>
                  <h2 id="problems-title">Latest problems</h2>
                </header>
                <ProblemList problems={server.problems} event={event} />
              </section>
            </>
          );
        }}
      </LoadedPart>
    </>
  );
}
