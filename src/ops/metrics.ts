import type { Registry } from "prom-client";
import { type AccessMetrics, createAccessMetrics } from "./metrics/access-metrics.ts";
import { Bounds } from "./metrics/bounds.ts";
import { Budgets } from "./metrics/budgets.ts";
import { type ChangeWebhookMetrics, createChangeWebhookMetrics } from "./metrics/change-webhook-metrics.ts";
import { type BusMetrics, createBusMetrics } from "./metrics/cluster/bus-metrics.ts";
import { type ClusterMetrics, createClusterMetrics } from "./metrics/cluster/cluster-metrics.ts";
import { createDocumentMetrics, type DocumentMetrics } from "./metrics/document-metrics.ts";
import { type ApiMetrics, createApiMetrics } from "./metrics/http/api-metrics.ts";
import { createHttpsMetrics, type HttpsMetrics } from "./metrics/http/https-metrics.ts";
import { Instruments } from "./metrics/instruments.ts";
import { addProcessMetrics } from "./metrics/process-metrics.ts";
import { createSignalingMetrics, type SignalingMetrics } from "./metrics/signaling-metrics.ts";
import { createStorageMetrics, type StorageMetrics } from "./metrics/storage-metrics.ts";
import { createTrafficMetrics, type TrafficMetrics } from "./metrics/traffic.ts";
import { createTransportMetrics, type TransportMetrics } from "./metrics/transport-metrics.ts";
import { createTurnMetrics, type TurnMetrics } from "./metrics/turn-metrics.ts";

/**
 * The server's metrics, in Prometheus' format. The code that does the work records it there.
 *
 * To add one, add a row to the file of its concern in `metrics/`.
 */
export interface Metrics
  extends TrafficMetrics,
    StorageMetrics,
    DocumentMetrics,
    TransportMetrics,
    AccessMetrics,
    SignalingMetrics,
    HttpsMetrics,
    ApiMetrics,
    ChangeWebhookMetrics,
    BusMetrics,
    ClusterMetrics,
    TurnMetrics {
  readonly registry: Registry;
  readonly bounds: Bounds;
  readonly budgets: Budgets;
}

/** Creates metrics with a registry of their own: two servers in one process share nothing. */
export function createMetrics(): Metrics {
  const instruments = new Instruments();
  const { registry } = instruments;
  addProcessMetrics(registry);
  return {
    registry,
    bounds: new Bounds(instruments),
    budgets: new Budgets(instruments),
    ...createTrafficMetrics(instruments),
    ...createStorageMetrics(instruments),
    ...createDocumentMetrics(instruments),
    ...createTransportMetrics(instruments),
    ...createAccessMetrics(instruments),
    ...createSignalingMetrics(instruments),
    ...createHttpsMetrics(instruments),
    ...createApiMetrics(instruments),
    ...createChangeWebhookMetrics(instruments),
    ...createBusMetrics(instruments),
    ...createClusterMetrics(instruments),
    ...createTurnMetrics(instruments),
  };
}
