import type { Instruments } from "../instruments.ts";

export type BusMetrics = ReturnType<typeof createBusMetrics>;

/** Creates the metrics of what the nodes of a cluster tell each other. */
export function createBusMetrics(instruments: Instruments) {
  return {
    busPeers: instruments.gauge("bus_peers", "Other nodes of the cluster that are heard"),
    busSentMessages: instruments.counter("bus_sent_messages_total", "Messages sent to other nodes"),
    busReceivedMessages: instruments.counter("bus_received_messages_total", "Messages received from other nodes"),
    /** They were too many for the database, or it was out of reach. */
    busDroppedMessages: instruments.counter("bus_dropped_messages_total", "Messages to other nodes dropped unsent"),
    busGaps: instruments.counter("bus_gaps_total", "Times that messages of another node were lost"),
    busSpilledMessages: instruments.counter(
      "bus_spilled_messages_total",
      "Messages sent through a table, as too long for a notification",
    ),
  };
}
