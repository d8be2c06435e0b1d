import { join } from "node:path";
import * as v from "valibot";

/** The folder of the files for Prometheus and Grafana. */
export const monitoringFolder = join(import.meta.dir, "../../scripts/packaging/monitoring");

const dashboardSchema = v.object({
  panels: v.array(
    v.object({
      id: v.number(),
      title: v.string(),
      gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
      targets: v.optional(v.array(v.object({ expr: v.string(), refId: v.string() })), []),
    }),
  ),
});

const rulesSchema = v.object({
  groups: v.array(
    v.object({
      rules: v.array(
        v.object({
          alert: v.string(),
          expr: v.string(),
          for: v.string(),
          labels: v.object({ severity: v.picklist(["critical", "warning"]) }),
          annotations: v.object({ summary: v.string(), description: v.string() }),
        }),
      ),
    }),
  ),
});

export type Panel = v.InferOutput<typeof dashboardSchema>["panels"][number];
export type Alert = v.InferOutput<typeof rulesSchema>["groups"][number]["rules"][number];

export async function readPanels(): Promise<readonly Panel[]> {
  return v.parse(dashboardSchema, await Bun.file(join(monitoringFolder, "grafana-dashboard.json")).json()).panels;
}

export async function readAlerts(): Promise<readonly Alert[]> {
  const text = await Bun.file(join(monitoringFolder, "alerts.yml")).text();
  return v.parse(rulesSchema, Bun.YAML.parse(text)).groups.flatMap(({ rules }) => rules);
}

/** The expression of a panel as Grafana sends it, for the servers of one job. */
export function filledIn(
  expression: string,
  { job, interval }: { readonly job: string; readonly interval: string },
): string {
  return expression.replaceAll("$job", job).replaceAll("$instance", ".*").replaceAll("$__rate_interval", interval);
}
