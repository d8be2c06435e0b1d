import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { secret } from "../support/bytes/tokens.ts";
import { eventually } from "../support/eventually.ts";
import { openMarkedTraffic } from "../support/hostile/marked-traffic.ts";
import { filledIn, readPanels } from "../support/monitoring-files.ts";
import { isMissing } from "../support/processes/programs.ts";
import { Prometheus } from "../support/programs/prometheus.ts";
import { startTestServer, temporaryFolder } from "../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

/** Panels that are empty while nothing happens, or without a backup schedule. */
const mayBeEmpty = (expression: string) => expression.includes("> 0");

test.skipIf(isMissing("prometheus"))("a real Prometheus finds data for every panel of the dashboard", async () => {
  const metricsToken = "token-of-prometheus";
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] }, metricsToken });
  const folder = await temporaryFolder();
  // As docs/monitoring.md shows it.
  const configuration = `
    global: { scrape_interval: 250ms }
    scrape_configs:
      - job_name: yurt
        authorization: { credentials: ${metricsToken} }
        static_configs: [{ targets: ["127.0.0.1:${server.port}"] }]`;
  await using prometheus = await Prometheus.start(configuration, folder);
  await eventually("scraped", async () => (await prometheus.query("yurt_ready == 1")).length === 1);
  await using _ = await openMarkedTraffic(server);
  const isRead = async () => (await prometheus.query("sum(rate(yurt_committed_updates_total[2s])) > 0")).length === 1;
  await eventually("read", isRead);

  const expressions = (await readPanels()).flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const counts = await Promise.all(
    expressions.map(async (expression) => {
      const values = await prometheus.query(filledIn(expression, { job: "yurt", interval: "10s" }));
      return [expression, values.length] as const;
    }),
  );
  expect(counts.length).toBeGreaterThan(35);
  expect(counts.filter(([expression, count]) => count === 0 && !mayBeEmpty(expression))).toEqual([]);
  const refusals = counts.filter(([expression]) => /refused_upgrades|access_denials/.test(expression));
  expect(refusals.map(([, count]) => count > 0)).toEqual([true, true]);
  await rm(folder, { recursive: true });
});
