import type { Instruments } from "./instruments.ts";
import { mailboxOutcomes } from "./label-values.ts";

export type SignalingMetrics = ReturnType<typeof createSignalingMetrics>;

/** Creates the metrics of signaling clients and their mailboxes. */
export function createSignalingMetrics(instruments: Instruments) {
  return {
    mailboxMessages: instruments.counts("mailbox_messages_total", "Messages queued for peers that are offline", {
      outcome: mailboxOutcomes,
    }),
  };
}
