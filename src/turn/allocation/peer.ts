import { formatIpAddress, type IpAddress } from "../../lib/address/ip-address.ts";
import type { PeerVerdict } from "../policy/peer-policy.ts";
import type { ReceiveFromPeer } from "../relay-network.ts";

/** A channel of an allocation: a number that stands for a peer's transport address (RFC 8656 §12). */
export interface Channel {
  readonly number: number;
  readonly peer: Peer;
  readonly port: number;
  /** When the binding ends, as `Clock.elapsedMs` counts. */
  expiresAt: number;
}

/** An address that an allocation has, or had, a permission for (RFC 8656 §9). A permission holds for all ports. */
export class Peer {
  readonly ip: IpAddress;
  /** As `formatIpAddress` writes it. */
  readonly address: string;
  /** The channels that are bound to ports of this address, expired ones included. */
  readonly channels: Channel[] = [];
  /** When the permission ends, as `Clock.elapsedMs` counts. */
  expiresAt = Number.NEGATIVE_INFINITY;
  /** The verdict of the peer policy, and the revision of the policy that it is of. */
  verdict: PeerVerdict = "refused";
  revision = -1;
  /** The allocations of this server at the address, by port, if it is one of the server's own. */
  local: ReadonlyMap<number, ReceiveFromPeer> | undefined;

  constructor(ip: IpAddress) {
    this.ip = ip;
    this.address = formatIpAddress(ip);
  }

  /** The channel that is bound to a port of this address. */
  channelTo(port: number, now: number): Channel | undefined {
    for (const channel of this.channels) {
      if (channel.port === port) return channel.expiresAt > now ? channel : undefined;
    }
    return undefined;
  }
}
