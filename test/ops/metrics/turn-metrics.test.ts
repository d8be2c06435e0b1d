import { expect, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { parseMetrics } from "../../support/prometheus-text.ts";

test("the metrics of TURN are what its counts hold, with every label from the start", async () => {
  const { registry, turn } = createMetrics();
  turn.allocations.udp += 2;
  turn.openedAllocations.tls += 3;
  turn.connections.tcp += 1;
  turn.toPeerPackets += 4;
  turn.toPeerBytes += 400;
  turn.toClientPackets += 5;
  turn.toClientBytes += 500;
  turn.failed(401);
  turn.failed(401);
  turn.dropped("no-permission");
  const metrics = parseMetrics(await registry.metrics());
  const shown = (name: string, label: string) =>
    Object.fromEntries((metrics.get(name)?.samples ?? []).map(({ labels, value }) => [labels[label], value]));
  expect(shown("yurt_turn_allocations", "transport")).toEqual({ udp: 2, tcp: 0, tls: 0 });
  expect(shown("yurt_turn_opened_allocations_total", "transport")).toEqual({ udp: 0, tcp: 0, tls: 3 });
  expect(shown("yurt_turn_connections", "transport")).toEqual({ tcp: 1, tls: 0 });
  expect(shown("yurt_turn_relayed_packets_total", "direction")).toEqual({ "to-peer": 4, "to-client": 5 });
  expect(shown("yurt_turn_relayed_bytes_total", "direction")).toEqual({ "to-peer": 400, "to-client": 500 });
  expect(shown("yurt_turn_errors_total", "code")).toMatchObject({ 400: 0, 401: 2, 486: 0 });
  expect(shown("yurt_turn_dropped_total", "reason")).toMatchObject({ malformed: 0, "no-permission": 1 });
});
