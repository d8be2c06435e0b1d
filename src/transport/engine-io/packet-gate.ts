import type { Clock } from "../../lib/time/clock.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { Frame } from "../connection.ts";
import type { TransportLimits } from "../limits.ts";

export interface PacketGateOptions {
  readonly limits: Pick<TransportLimits, "enginePacketBurst" | "enginePacketsPerSecond">;
  readonly clock: Clock;
}

/** The character between the packets of one request, and its byte. */
const separator = "\u001e";
const separatorByte = 0x1e;
const pongType = "3";

/**
 * Counts the packets of one session before the engine decodes them.
 *
 * The engine creates an object for each packet, and a timer for each pong that comes before its first ping.
 */
export class PacketGate {
  readonly #bucket: TokenBucket;
  /** The pings without a pong, those of the engine and our own. */
  #unanswered = 0;
  #unansweredOwn = 0;

  constructor({ limits, clock }: PacketGateOptions) {
    this.#bucket = new TokenBucket({
      burst: limits.enginePacketBurst,
      perSecond: limits.enginePacketsPerSecond,
      clock,
    });
  }

  /** Whether the session may bring so many packets now. They count as brought. */
  take(packets: number): boolean {
    return this.#bucket.take(packets);
  }

  /** A ping has been sent, by the engine unless `pingedByServer` was called for it. */
  pinged(): void {
    this.#unanswered += 1;
  }

  /** The server sends a ping of its own. */
  pingedByServer(): void {
    this.#unansweredOwn += 1;
  }

  /**
   * The kind of a packet. A `pong` answers a ping of the server, of which the engine knows nothing; an `unsolicited`
   * pong answers no ping. The engine handles any other packet.
   */
  kindOf(packet: Frame): "pong" | "unsolicited" | "other" {
    if (typeof packet !== "string" || !packet.startsWith(pongType)) return "other";
    if (this.#unanswered === 0) return "unsolicited";
    const isForEngine = this.#unanswered > this.#unansweredOwn;
    this.#unanswered -= 1;
    if (isForEngine) return "other";
    this.#unansweredOwn -= 1;
    return "pong";
  }
}

export function countPackets(body: Uint8Array): number {
  let packets = 1;
  for (let at = body.indexOf(separatorByte); at !== -1; at = body.indexOf(separatorByte, at + 1)) packets += 1;
  return packets;
}

export function splitPackets(body: string): readonly string[] {
  return body.split(separator);
}

export function joinPackets(packets: readonly string[]): string {
  return packets.join(separator);
}
