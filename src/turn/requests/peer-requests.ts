import type { IpAddress } from "../../lib/address/ip-address.ts";
import type { Bounds } from "../../ops/metrics/bounds.ts";
import type { Allocation } from "../allocation/allocation.ts";
import type { TurnLimits } from "../limits.ts";
import { attributes } from "../message/attributes.ts";
import { type ChannelRange, isChannelNumber } from "../message/channel-data.ts";
import type { TransportAddress } from "../message/transport-address.ts";
import type { PeerPolicy, PeerVerdict } from "../policy/peer-policy.ts";
import { isPeer, isPeerPort } from "../policy/peer-port.ts";
import { type Answer, done, failed, type SignedRequest } from "./turn-request.ts";

/** RFC 8656 §9. */
const permissionMs = 300_000;
/** RFC 8656 §12. */
const channelMs = 600_000;

export interface PeerRequestsOptions {
  readonly policy: PeerPolicy;
  readonly limits: Pick<TurnLimits, "turnPermissions" | "turnChannels">;
  readonly channelRange: ChannelRange;
  readonly bounds: Pick<Bounds, "met">;
  /** A client was refused a peer at this address: for the verdict about the address, or for its port. */
  readonly refused: (ip: IpAddress, reason: PeerVerdict | "port") => void;
}

/** The requests by which a client names the peers of its allocation. */
export class PeerRequests {
  readonly #options: PeerRequestsOptions;

  constructor(options: PeerRequestsOptions) {
    this.#options = options;
  }

  /** Installs or extends permissions: all that the request asks for, or none (RFC 8656 §10.2). */
  createPermission({ message, allocation, now }: SignedRequest): Answer {
    if (allocation === undefined) return failed(437);
    const addresses = message.addressesOf(attributes.xorPeerAddress).map((address) => address?.ip);
    const peers = addresses.filter((ip) => ip !== undefined);
    // The request is malformed without a peer, or with one that cannot be read.
    if (peers.length === 0 || peers.length < addresses.length) return failed(400);
    if (peers.some(({ family }) => family !== allocation.family)) return failed(443);
    if (peers.some((ip) => this.#isRefused(ip))) return failed(403);
    if (!this.#hasRoomFor(allocation, peers, now)) return failed(508);
    for (const ip of peers) allocation.permit(ip, now + permissionMs);
    return done;
  }

  /** Binds a channel to a peer, or extends its binding, and the permission for the peer (RFC 8656 §12.2). */
  bindChannel({ message, allocation, now }: SignedRequest): Answer {
    if (allocation === undefined) return failed(437);
    const number = message.uint16Of(attributes.channelNumber);
    const peer = message.addressOf(attributes.xorPeerAddress);
    if (number === undefined || peer === undefined) return failed(400);
    if (!isChannelNumber(number, this.#options.channelRange)) return failed(400);
    allocation.prune(now);
    if (isConflicting(allocation, number, peer, now)) return failed(400);
    if (peer.ip.family !== allocation.family) return failed(443);
    if (this.#isRefused(peer.ip, peer.port)) return failed(403);
    if (!this.#hasRoomFor(allocation, [peer.ip], now)) return failed(508);
    const { bounds, limits } = this.#options;
    const isNew = allocation.channel(number, now) === undefined;
    if (isNew && allocation.channelCount(now) >= limits.turnChannels) {
      bounds.met("limits.turn-channels");
      return failed(508);
    }
    allocation.bind(number, allocation.permit(peer.ip, now + permissionMs), peer.port, now + channelMs);
    return done;
  }

  #isRefused(ip: IpAddress, port?: number): boolean {
    const verdict = this.#options.policy.judge(ip);
    if (isPeer(verdict) && (port === undefined || isPeerPort(verdict, port))) return false;
    this.#options.refused(ip, isPeer(verdict) ? "port" : verdict);
    return true;
  }

  /** Whether the allocation may have permissions for these peers as well. */
  #hasRoomFor(allocation: Allocation, peers: readonly IpAddress[], now: number): boolean {
    const { bounds, limits } = this.#options;
    const isPermitted = (ip: IpAddress) => (allocation.peerOfIp(ip)?.expiresAt ?? now) > now;
    const added = peers.filter((ip) => !isPermitted(ip)).length;
    if (added === 0) return true;
    allocation.prune(now);
    if (allocation.permissionCount(now) + added <= limits.turnPermissions) return true;
    bounds.met("limits.turn-permissions");
    return false;
  }
}

/** Whether the number stands for another peer, or another number for the peer. */
function isConflicting(allocation: Allocation, number: number, { ip, port }: TransportAddress, now: number): boolean {
  const bound = allocation.channel(number, now);
  const peer = allocation.peerOfIp(ip);
  const other = peer?.channelTo(port, now);
  return (bound !== undefined && bound !== other) || (other !== undefined && other.number !== number);
}
