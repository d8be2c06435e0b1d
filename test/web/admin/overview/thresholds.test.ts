import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { thresholds } from "../../../../src/web/admin/overview/verdict/thresholds.ts";

const alerts = readFileSync(join(import.meta.dir, "../../../../scripts/packaging/monitoring/alerts.yml"), "utf8");

test.each([
  ["yurt_disk_available_bytes < 1e9 ", thresholds.diskBytes, 1e9],
  ["yurt_backup_last_success_timestamp_seconds > 2 * 86400", thresholds.backupAgeMs, 2 * 86_400_000],
  ["yurt_certificate_expiry_timestamp_seconds - time() < 7 * 86400", thresholds.certificateMs, 7 * 86_400_000],
  ['yurt_budget_limit_bytes{budget!="documents"} > 0.9', thresholds.usedPart, 0.9],
  ["yurt_max_connections > 0.9", thresholds.usedPart, 0.9],
  ["yurt_update_to_acknowledgement_seconds_bucket[5m])) > 0.5", thresholds.acknowledgementP99Ms, 500],
  ["yurt_event_loop_lag_seconds_bucket[5m])) > 0.1", thresholds.eventLoopLagP99Ms, 100],
])("the overview and Prometheus agree: %s", (expression, threshold, value) => {
  expect(alerts).toContain(expression);
  expect(threshold).toBe(value);
});
