import type { Instruments } from "./instruments.ts";
import { closeReasonNames, protocolNames, upgradeRefusals } from "./label-values.ts";

export type TransportMetrics = ReturnType<typeof createTransportMetrics>;

/** Creates the metrics of connections, sessions, and the time of the event loop. */
export function createTransportMetrics(instruments: Instruments) {
  return {
    ready: instruments.gauge("ready", "1 while the server accepts updates, as GET /readyz says; else 0"),
    maxConnections: instruments.gauge("max_connections", "WebSockets that may be open, from limits.connections"),
    /** See `transport/work.ts` for the kinds. */
    work: instruments.labelledCounter<string>("work_total", "Work done for clients, in the units of its kind", "kind"),
    turnWait: instruments.histogram(
      "turn_wait_seconds",
      "From the time when a client's frames had to wait until its turn",
    ),
    waitingConnections: instruments.gauge("waiting_connections", "Connections whose frames wait for their turn"),
    /** How long the event loop was busy. */
    eventLoopLag: instruments.durations(
      "event_loop_lag_seconds",
      "How much later than due a timer runs, five times per second",
    ),
    rooms: instruments.labelledGauge<"sync" | "signaling">(
      "rooms",
      "Rooms that are open: documents in use, and signaling rooms",
      "kind",
    ),
    refusedUpgrades: instruments.counts("refused_upgrades_total", "WebSocket upgrades refused", {
      reason: upgradeRefusals,
    }),
    /** A document may be closed on a connection that stays open. The reason is the one that the client was given. */
    refusedSessions: instruments.counts(
      "refused_sessions_total",
      "Sessions, or documents of a session, closed for a protocol or limit violation",
      { reason: closeReasonNames },
    ),
    /** Messages that this server does not know: another type, or another kind of frame. */
    ignoredMessages: instruments.counts("ignored_messages_total", "Messages of clients ignored as unknown", {
      protocol: protocolNames,
    }),
    closedConnections: instruments.counts("closed_connections_total", "Connections that the server closed", {
      reason: closeReasonNames,
    }),
  };
}
