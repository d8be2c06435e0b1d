import { describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { addBackupMetrics } from "../../../src/ops/metrics/backup-metrics.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { type Alert, filledIn, monitoringFolder, readAlerts, readPanels } from "../../support/monitoring-files.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { promtool } from "../../support/programs/promtool.ts";
import { parseMetrics } from "../../support/prometheus-text.ts";

const panels = await readPanels();
const alerts = await readAlerts();
const expressions = [
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...alerts.map(({ expr }) => expr),
];

/** The names of all series, those of histograms included. */
async function seriesNames(): Promise<ReadonlySet<string>> {
  const registry = new Registry();
  addBackupMetrics(registry, () => ({
    ...{ lastSuccessAt: undefined, lastFailureAt: undefined, lastDurationMs: undefined, lastBytes: undefined },
  }));
  const text = [await createMetrics().registry.metrics(), await registry.metrics()].join("\n");
  const names = [...parseMetrics(text)].flatMap(([name, { type }]) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set(names);
}

describe("the dashboard and the alerts", () => {
  test("name only series that a server has", async () => {
    const names = await seriesNames();
    const named = expressions.flatMap((expression) => expression.match(/\b(?:yurt|process)_[a-z_]+/g) ?? []);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  test("are no more than the metrics of the documentation, which a server has all", async () => {
    const names = await seriesNames();
    const documented = [...(await documentation()).matchAll(/`((?:yurt|process)_[a-z_]+)`/g)].map(
      ([, name = ""]) => name,
    );
    expect(documented.length).toBeGreaterThan(30);
    expect(documented.filter((name) => !names.has(name) && !names.has(`${name}_bucket`))).toEqual([]);
  });

  test("are mentioned in the documentation, alert by alert", async () => {
    const text = await documentation();
    const missing = [...alerts.map(({ alert }) => alert), "alerts.yml", "grafana-dashboard.json"].filter(
      (name) => !text.includes(name),
    );
    expect(missing).toEqual([]);
  });
});

describe("the dashboard", () => {
  test("has panels that do not overlap, with ids and expressions of their own", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test("asks for the servers of the chosen job and instance only", () => {
    const selectors = panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => expr.match(/_[a-z]+(\{[^}]*\})/g) ?? []),
    );
    expect(selectors.length).toBeGreaterThan(40);
    expect(selectors.filter((selector) => !selector.includes('{job="$job", instance=~"$instance"'))).toEqual([]);
  });
});

function documentation(): Promise<string> {
  return Bun.file(join(import.meta.dir, "../../../docs/monitoring.md")).text();
}

/** A temporary folder, which is removed in the end. */
async function openFolder() {
  const path = await mkdtemp(join(tmpdir(), "yurt-monitoring-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const isUnchecked = isMissing("promtool");

describe.skipIf(isUnchecked)("promtool", () => {
  test("accepts the metrics", async () => {
    const input = await createMetrics().registry.metrics();
    expect(await promtool(["check", "metrics"], { input })).toEqual({ exitCode: 0, output: "" });
  });

  test("accepts the examples of the documentation", async () => {
    const examples = (await documentation()).matchAll(/^```yaml\n(.*?)^```$/gms);
    const configurations = [...examples].map(([, text = ""]) => text);
    expect(configurations).toHaveLength(2);
    await using folder = await openFolder();
    await copyFile(join(monitoringFolder, "alerts.yml"), join(folder.path, "alerts.yml"));
    for (const text of configurations) {
      // The file of the token must exist.
      await Bun.write(join(folder.path, "prometheus.yml"), text.replace("/etc/prometheus/yurt-token", "alerts.yml"));
      const { exitCode, output } = await promtool(["check", "config", "prometheus.yml"], { folder: folder.path });
      expect([exitCode, exitCode === 0 ? "" : output]).toEqual([0, ""]);
    }
  });

  test("accepts the alerts", async () => {
    expect(await promtool(["check", "rules", "--lint-fatal", join(monitoringFolder, "alerts.yml")])).toMatchObject({
      exitCode: 0,
    });
  });

  test("accepts every expression of the dashboard", async () => {
    const rules = panels.flatMap(({ id, targets }) =>
      targets.map(({ expr, refId }) => ({
        record: `panel:${id}:${refId}`,
        expr: filledIn(expr, { job: "yurt", interval: "1m" }),
      })),
    );
    await using folder = await openFolder();
    await Bun.write(join(folder.path, "rules.yml"), JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    const { exitCode, output } = await promtool(["check", "rules", "rules.yml"], { folder: folder.path });
    expect([exitCode, output]).toEqual([0, expect.stringContaining(`${rules.length} rules found`)]);
  });
});

/** Series of a server, minute by minute, that fire the alert at last; until `quiet` minutes they do not. */
interface Scenario {
  readonly series: Readonly<Record<string, string>>;
  readonly quiet: number;
  readonly fires: number;
}

const server = 'job="yurt", instance="a"';
const day = 24 * 60;
const buckets = (name: string, slow: string) => ({
  [`${name}_bucket{${server}, le="0.1"}`]: "0+60x60",
  [`${name}_bucket{${server}, le="1"}`]: slow,
  [`${name}_bucket{${server}, le="+Inf"}`]: slow,
});

const scenarios: Readonly<Record<string, readonly Scenario[]>> = {
  YurtNotReady: [
    { series: { [`yurt_ready{${server}}`]: "1x10 0x10" }, quiet: 12, fires: 14 },
    { series: { [`up{${server}}`]: "1x10 0x10" }, quiet: 12, fires: 14 },
  ],
  YurtDiskAlmostFull: [
    { series: { [`yurt_disk_available_bytes{${server}}`]: "2e9x10 9e8x60" }, quiet: 24, fires: 30 },
    { series: { [`yurt_disk_available_bytes{${server}}`]: "1e12-1e9x600" }, quiet: 10, fires: 400 },
  ],
  YurtSlow: [
    { series: buckets("yurt_update_to_acknowledgement_seconds", "0+60x20 1300+70x40"), quiet: 20, fires: 45 },
    { series: buckets("yurt_event_loop_lag_seconds", "0+60x20 1300+70x40"), quiet: 20, fires: 45 },
  ],
  YurtNearLimit: [
    {
      series: {
        [`yurt_budget_used_bytes{${server}, budget="outboxes"}`]: "10x10 95x30",
        [`yurt_budget_limit_bytes{${server}, budget="outboxes"}`]: "100x40",
        // The budget of documents is a cache, and usually full.
        [`yurt_budget_used_bytes{${server}, budget="documents"}`]: "100x40",
        [`yurt_budget_limit_bytes{${server}, budget="documents"}`]: "100x40",
      },
      quiet: 15,
      fires: 25,
    },
    {
      series: {
        [`yurt_connections{${server}, protocol="y-websocket"}`]: "10x10 50x30",
        [`yurt_connections{${server}, protocol="hocuspocus"}`]: "10x10 45x30",
        [`yurt_max_connections{${server}}`]: "100x40",
      },
      quiet: 15,
      fires: 25,
    },
    {
      series: { [`process_open_fds{${server}}`]: "10x10 95x30", [`process_max_fds{${server}}`]: "100x40" },
      quiet: 15,
      fires: 25,
    },
  ],
  YurtCertificateExpires: [
    // It expires 9 days after the start.
    {
      series: { [`yurt_certificate_expiry_timestamp_seconds{${server}, source="acme"}`]: `777600x${3 * day}` },
      quiet: 2 * day,
      fires: 2 * day + 80,
    },
  ],
  YurtBackupTooOld: [
    {
      series: { [`yurt_backup_last_success_timestamp_seconds{${server}}`]: `0x${3 * day}` },
      quiet: 2 * day,
      fires: 2 * day + 70,
    },
  ],
  YurtNodeDeaf: [
    {
      series: { [`yurt_cluster_repaired_batches_total{${server}}`]: "0+1x20 20+60x40" },
      quiet: 25,
      fires: 45,
    },
  ],
};

/** A test of promtool: the alert does not fire at first, and does later. */
function testOf({ alert, labels, annotations }: Alert, { series, quiet, fires }: Scenario, extra: object) {
  const filled = Object.entries(annotations).map(([name, text]) => [
    name,
    text.replaceAll("{{ $labels.instance }}", "a"),
  ]);
  const fired = {
    exp_labels: { ...labels, job: "yurt", instance: "a", ...extra },
    exp_annotations: Object.fromEntries(filled),
  };
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      { eval_time: `${quiet}m`, alertname: alert, exp_alerts: [] },
      { eval_time: `${fires}m`, alertname: alert, exp_alerts: [fired] },
    ],
  };
}

describe.skipIf(isUnchecked)("an alert", () => {
  test.each(alerts)("fires when it should, and not before: $alert", async (alert) => {
    const ofAlert = scenarios[alert.alert] ?? [];
    expect(ofAlert.length).toBeGreaterThan(0);
    await using folder = await openFolder();
    await copyFile(join(monitoringFolder, "alerts.yml"), join(folder.path, "alerts.yml"));
    const tests = ofAlert.map((scenario) => {
      const [first = ""] = Object.keys(scenario.series);
      const [, label, value] = /(budget|source)="(\w+)"/.exec(first) ?? [];
      return testOf(alert, scenario, label === undefined ? {} : { [label]: value });
    });
    const rules = {
      rule_files: ["alerts.yml"],
      evaluation_interval: ofAlert.some(({ fires }) => fires > day) ? "10m" : "1m",
    };
    await Bun.write(join(folder.path, "tests.yml"), JSON.stringify({ ...rules, tests }));
    const { exitCode, output } = await promtool(["test", "rules", "tests.yml"], { folder: folder.path });
    expect([exitCode, exitCode === 0 ? "" : output]).toEqual([0, ""]);
  });
});
