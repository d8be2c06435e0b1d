import type { Instruments } from "./instruments.ts";
import { mailboxOutcomes, signalingBounds } from "./label-values.ts";

export type SignalingMetrics = ReturnType<typeof createSignalingMetrics>;

/** Creates the metrics of signaling clients and their mailboxes. */
export function createSignalingMetrics(instruments: Instruments) {
  return {
    /** The bound refused, closed or delayed a client. */
    signalingBounds: instruments.counts("signaling_bounds_total", "Times that a signaling client exceeded a limit", {
      bound: signalingBounds,
    }),
    mailboxMessages: instruments.counts("mailbox_messages_total", "Messages queued for peers that are offline", {
      outcome: mailboxOutcomes,
    }),
    mailboxBytes: instruments.gauge("mailbox_bytes", "Bytes of messages queued for peers that are offline"),
  };
}
