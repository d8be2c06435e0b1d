import type { Bus, BusListener, BusPort, NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { TokenBucket } from "../../lib/token-bucket.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import type { DroppedMessages } from "../dropped-messages.ts";
import type { SyncRoom } from "../sync-room.ts";
import type { HocuspocusLimits } from "./limits.ts";
import { StatelessMessages } from "./stateless-messages.ts";

export interface StatelessNodesOptions {
  readonly bus: Bus;
  readonly rooms: Pick<RoomRegistry<SyncRoom>, "find">;
  readonly limits: HocuspocusLimits;
  readonly clock: Clock;
  readonly dropped: DroppedMessages;
  /** As `AttachmentOptions.statelessRate`. */
  readonly statelessRate: (room: SyncRoom) => TokenBucket;
  /** A message could not be sent, by a fault of the server. */
  readonly failed: (error: unknown) => void;
}

/** A kind of message, before its text. Others come from later releases. */
const broadcast = 1;

/**
 * Carries stateless messages to the members on other nodes, each at most once. Their senders' rates are kept by their own
 * nodes, and the rate of the document by each node that receives them: a message over it waits, and is dropped if too many do.
 */
export class StatelessNodes implements BusListener {
  readonly #options: StatelessNodesOptions;
  readonly #port: BusPort;
  readonly #messages = new WeakMap<SyncRoom, StatelessMessages>();

  constructor(options: StatelessNodesOptions) {
    this.#options = options;
    this.#port = options.bus.open("stateless", this);
  }

  publish(document: string, payload: string): void {
    if (this.#options.bus.peers.size === 0) return;
    const text = new TextEncoder().encode(payload);
    const message = new Uint8Array(1 + text.byteLength);
    message[0] = broadcast;
    message.set(text, 1);
    this.#port.publish(document, message);
  }

  received(_from: NodeId, document: string, message: Uint8Array): void {
    if (message[0] !== broadcast) return;
    const room = this.#options.rooms.find(document);
    if (room === undefined) return;
    const messages = this.#messages.get(room) ?? this.#open(room);
    if (messages.isFull) {
      const bound = "limits.stateless-document-characters-per-second";
      this.#options.dropped.report("another node", bound, { count: 1, detail: `${message.byteLength} bytes` });
    } else void messages.push(new TextDecoder().decode(message.subarray(1)));
  }

  #open(room: SyncRoom): StatelessMessages {
    const { clock, dropped, failed, limits, statelessRate } = this.#options;
    const messages = new StatelessMessages({
      ...{ clock, limits, failed },
      rates: { roomCharacters: statelessRate(room) },
      broadcast: (payload) => room.broadcastStateless(payload),
      dropped: (detail) => dropped.report("another node", "limits.stateless-length", { count: 1, detail }),
    });
    this.#messages.set(room, messages);
    return messages;
  }
}
