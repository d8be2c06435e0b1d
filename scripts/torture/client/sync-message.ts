import type { SyncMessage } from "../../../src/relay/sync-codec.ts";

/** Whether a message of a server is a part of a sync. */
export function isSyncMessage<M extends { readonly type: string }>(message: M | SyncMessage): message is SyncMessage {
  return message.type === "sync-step-1" || message.type === "sync-step-2" || message.type === "update";
}
