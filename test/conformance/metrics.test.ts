import { expect, setDefaultTimeout, test } from "bun:test";
import { secret, tokenFor } from "../support/bytes/tokens.ts";
import { TestClients } from "../support/clients/providers.ts";
import { SignalingClient } from "../support/clients/signaling-client.ts";
import { upgradeStatus } from "../support/clients/upgrade-status.ts";
import { eventually } from "../support/eventually.ts";
import { type Metric, parseMetrics } from "../support/prometheus-text.ts";
import { startTestServer, type TestServer } from "../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

async function read({ url }: TestServer): Promise<{ text: string; metrics: ReadonlyMap<string, Metric> }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return { text, metrics: parseMetrics(text) };
}

/** The sum of the samples of a metric with these labels. */
function sumOf(metrics: ReadonlyMap<string, Metric>, name: string, labels: Readonly<Record<string, string>> = {}) {
  const samples = metrics.get(name)?.samples ?? [];
  const matching = samples.filter((sample) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return matching.reduce((sum, { value }) => sum + value, 0);
}

test("GET /metrics counts what clients of a server do, and names neither rooms, users nor tokens", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  const token = await tokenFor({ "**": "write" }, { sub: "user-nobody-may-see", jti: "id-nobody-may-see" });
  await using clients = new TestClients();
  const client = clients.connectWith(token, server.wsUrl, "room-nobody-may-see");
  client.text.insert(0, "text-nobody-may-see");
  const signaling = await SignalingClient.connect(`${server.wsUrl}/signal?token=${token}`);
  signaling.say({ type: "subscribe", topics: ["topic-nobody-may-see"] });
  await signaling.handled();
  expect(await upgradeStatus(server.port, "/signal?token=token-nobody-may-see")).toBe(401);
  await eventually("committed", async () => sumOf((await read(server)).metrics, "yurt_committed_updates_total") > 0);

  const { text, metrics } = await read(server);
  expect({
    connections: sumOf(metrics, "yurt_connections"),
    documents: sumOf(metrics, "yurt_rooms", { kind: "sync" }),
    topics: sumOf(metrics, "yurt_rooms", { kind: "signaling" }),
    refusedUpgrades: sumOf(metrics, "yurt_refused_upgrades_total", { reason: "unauthenticated" }),
    denials: sumOf(metrics, "yurt_access_denials_total", { kind: "upgrade", code: "malformed-token" }),
    ready: sumOf(metrics, "yurt_ready"),
  }).toEqual({ connections: 2, documents: 1, topics: 1, refusedUpgrades: 1, denials: 1, ready: 1 });
  expect(text).not.toContain("nobody-may-see");
  expect(text).not.toContain(token);
  // The sets of label values are small, whatever clients send.
  const labels = [...metrics.values()].flatMap(({ samples }) => samples.flatMap((each) => Object.keys(each.labels)));
  expect(
    new Set(labels).difference(new Set(["le", "kind", "code", "reason", "operation", "outcome", "bound", "protocol"])),
  ).toEqual(new Set());
});
