import { formatIpAddress } from "../../lib/address/ip-address.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Bounds } from "../../ops/metrics/bounds.ts";
import type { TurnCounts, TurnDropReason } from "../../ops/metrics/turn-metrics.ts";
import type { Allocation } from "../allocation/allocation.ts";
import type { Allocations } from "../allocation/allocations.ts";
import type { Peer } from "../allocation/peer.ts";
import { channelDataLength, channelHeaderBytes, channelNumber } from "../message/channel-data.ts";
import { FrameWriter, maxPayloadBytes } from "../message/frame-writer.ts";
import { methods } from "../message/message-type.ts";
import { PeerData } from "../message/peer-data.ts";
import { innerAddress } from "../policy/inner-address.ts";
import type { PeerPolicy } from "../policy/peer-policy.ts";
import { isPeer, isPeerPort } from "../policy/peer-port.ts";

export interface RelayingOptions {
  readonly allocations: Allocations;
  readonly policy: PeerPolicy;
  readonly counts: TurnCounts;
  readonly bounds: Pick<Bounds, "met">;
  readonly clock: Pick<Clock, "elapsedMs">;
}

/**
 * Passes application data on, between clients and peers (RFC 8656 §11, §12.6, §12.7).
 *
 * This is done for every packet: it builds no objects but the views of payloads, and copies a payload once at most, into
 * the frame for the client. Refused packets are dropped and counted, because they have no answer.
 */
export class Relaying {
  readonly #allocations: Allocations;
  readonly #policy: PeerPolicy;
  readonly #counts: TurnCounts;
  readonly #bounds: Pick<Bounds, "met">;
  readonly #clock: Pick<Clock, "elapsedMs">;
  readonly #peerData = new PeerData();
  readonly #frames = new FrameWriter(crypto.getRandomValues(new Uint8Array(12)));

  constructor({ allocations, policy, counts, bounds, clock }: RelayingOptions) {
    this.#allocations = allocations;
    this.#policy = policy;
    this.#counts = counts;
    this.#bounds = bounds;
    this.#clock = clock;
  }

  /** Passes on a ChannelData message of the client; returns why it is dropped, if it is. */
  channelData(allocation: Allocation, bytes: Uint8Array, now: number): TurnDropReason | undefined {
    const length = channelDataLength(bytes);
    if (length === -1) return "malformed";
    const channel = allocation.channel(channelNumber(bytes), now);
    if (channel === undefined) return "unbound-channel";
    const payload = bytes.subarray(channelHeaderBytes, channelHeaderBytes + length);
    return this.#toPeer(allocation, channel.peer, channel.port, payload, now);
  }

  /** Passes on a Send indication of the client; returns why it is dropped, if it is. */
  sendIndication(allocation: Allocation, bytes: Uint8Array, now: number): TurnDropReason | undefined {
    const data = this.#peerData;
    if (!data.read(bytes, methods.send)) return "malformed";
    const peer = allocation.peerOf(data.word0, data.word1, data.word2, data.word3);
    if (peer === undefined || data.family !== allocation.family) return "no-permission";
    return this.#toPeer(allocation, peer, data.port, bytes.subarray(data.dataOffset, data.dataEndOffset), now);
  }

  /** Relays a datagram of a peer to the client. */
  toClient(allocation: Allocation, payload: Uint8Array, address: string, port: number): void {
    const reason = this.#toClient(allocation, payload, address, port);
    if (reason !== undefined) this.#counts.dropped(reason);
  }

  #toClient(allocation: Allocation, payload: Uint8Array, address: string, port: number): TurnDropReason | undefined {
    const now = this.#clock.elapsedMs();
    if (allocation.expiresAt <= now) return "no-allocation";
    const peer = allocation.peerAt(address);
    if (peer === undefined) return "no-permission";
    const bytes = payload.byteLength;
    if (bytes > maxPayloadBytes) return "malformed";
    const reason = this.#whyNot(allocation, peer, port, bytes, now) ?? this.#whyNotOwn(peer, port);
    if (reason !== undefined) return reason;
    this.#counts.toClientPackets += 1;
    this.#counts.toClientBytes += bytes;
    const { socket, address: clientAddress, port: clientPort } = allocation.client;
    socket.send(this.#frame(allocation, peer, port, payload, now), clientAddress, clientPort);
    return undefined;
  }

  #toPeer(
    allocation: Allocation,
    peer: Peer,
    port: number,
    payload: Uint8Array,
    now: number,
  ): TurnDropReason | undefined {
    const bytes = payload.byteLength;
    const reason = this.#whyNot(allocation, peer, port, bytes, now);
    if (reason !== undefined) return reason;
    const ownReason = this.#whyNotOwn(peer, port);
    if (ownReason !== undefined) return ownReason;
    const receive = peer.local?.get(port);
    this.#counts.toPeerPackets += 1;
    this.#counts.toPeerBytes += bytes;
    const { relay } = allocation;
    if (receive === undefined) relay.send(payload, peer.address, port);
    else receive(payload, relay.address, relay.port);
    return undefined;
  }

  /** The reason to drop a packet to or from a peer, if any. The policy decides again if its rules have changed. */
  #whyNot(allocation: Allocation, peer: Peer, port: number, bytes: number, now: number): TurnDropReason | undefined {
    if (peer.expiresAt <= now) return "no-permission";
    if (peer.revision !== this.#policy.revision) this.#judge(peer);
    if (!isPeer(peer.verdict) || !isPeerPort(peer.verdict, port)) return "forbidden-peer";
    const bound = this.#allocations.bandwidth.take(allocation, bytes, now);
    if (bound === undefined) return undefined;
    this.#bounds.met(bound);
    return "bandwidth";
  }

  /**
   * Only ports of allocations are peers at the server's own addresses, in both directions: answers of the server to
   * a forged source must not come back through an allocation.
   */
  #whyNotOwn({ local, verdict }: Peer, port: number): TurnDropReason | undefined {
    return verdict === "allocations" && local?.has(port) !== true ? "own-address" : undefined;
  }

  #judge(peer: Peer): void {
    peer.verdict = this.#policy.judge(peer.ip);
    peer.revision = this.#policy.revision;
    const isOwn = this.#policy.isRelayed(peer.ip);
    peer.local = isOwn ? this.#allocations.receiversAt(formatIpAddress(innerAddress(peer.ip))) : undefined;
  }

  #frame(allocation: Allocation, peer: Peer, port: number, payload: Uint8Array, now: number): Uint8Array {
    const channel = peer.channelTo(port, now);
    if (channel === undefined) return this.#frames.dataIndication(peer.ip, port, payload);
    const isStream = allocation.client.socket.transport !== "udp";
    return isStream
      ? this.#frames.paddedChannelData(channel.number, payload)
      : this.#frames.channelData(channel.number, payload);
  }
}
