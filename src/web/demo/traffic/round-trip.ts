import { equalFlat } from "lib0/array";
import { decodeSyncFrame } from "./sync-frame.ts";

interface PendingEcho {
  readonly askedAt: number;
  /** Undefined for an awareness query, which any awareness message answers. */
  readonly update: Uint8Array | undefined;
}

/** A message that is not answered within this time is replaced by the next one. */
const forgetAfterMs = 10_000;

/** Measures a WebSocket's round trip: until an own update comes back (stored by then), or an awareness query is answered. */
export class EchoTimer {
  #pending: PendingEcho | undefined;
  /** Undefined until something was measured. */
  latestMs: number | undefined;
  latestAt = 0;

  sent(frame: Uint8Array): void {
    const askedAt = performance.now();
    if (this.#pending !== undefined && askedAt - this.#pending.askedAt < forgetAfterMs) return;
    const message = decodeSyncFrame(frame);
    if (message.type === "query-awareness") this.#pending = { askedAt, update: undefined };
    else if (message.type === "update") this.#pending = { askedAt, update: message.update };
  }

  received(frame: Uint8Array): void {
    if (this.#pending === undefined || !answers(frame, this.#pending)) return;
    this.latestAt = performance.now();
    this.latestMs = this.latestAt - this.#pending.askedAt;
    this.#pending = undefined;
  }

  /** Forgets all measurements: the connection is lost, and its answers with it. */
  reset(): void {
    this.#pending = undefined;
    this.latestMs = undefined;
    this.latestAt = 0;
  }
}

function answers(frame: Uint8Array, { update }: PendingEcho): boolean {
  const message = decodeSyncFrame(frame);
  if (update === undefined) return message.type === "awareness";
  return message.type === "update" && equalFlat(message.update, update);
}
