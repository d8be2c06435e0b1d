import type { IpAddress } from "../../lib/address/ip-address.ts";
import { SmallMap } from "../../lib/collections/small-map.ts";
import type { TokenBucket } from "../../lib/token-bucket.ts";
import type { AddressFamily, RelaySocket } from "../relay-network.ts";
import type { Client } from "./client.ts";
import { type Channel, Peer } from "./peer.ts";
import type { TurnUser } from "./turn-user.ts";

export interface AllocationOptions {
  readonly client: Client;
  /** The username whose credential made the allocation; requests with other usernames are refused. */
  readonly username: string;
  readonly user: TurnUser;
  readonly family: AddressFamily;
  readonly relay: RelaySocket;
  /** The bytes that may be relayed, both directions together. */
  readonly bytes: TokenBucket;
  /** The transaction id of the Allocate request, in hexadecimal digits, and the answer to it. */
  readonly transactionId: string;
  readonly answer: Uint8Array;
  readonly expiresAt: number;
}

/**
 * A relayed transport address that belongs to one client, with its permissions and channels (RFC 8656 §3.2).
 *
 * Times are as `Clock.elapsedMs` counts. Permissions and channels that have expired stay until `prune`: their readers
 * compare the times.
 */
export class Allocation {
  readonly client: Client;
  readonly username: string;
  readonly user: TurnUser;
  readonly family: AddressFamily;
  readonly relay: RelaySocket;
  readonly bytes: TokenBucket;
  readonly transactionId: string;
  readonly answer: Uint8Array;
  expiresAt: number;
  readonly #peers: Peer[] = [];
  readonly #byAddress = new SmallMap<string, Peer>();
  /** By number; undefined until the first channel is bound. */
  #channels: Map<number, Channel> | undefined;
  /** The peer of the last lookup: most allocations exchange datagrams with one peer. */
  #latest: Peer | undefined;

  constructor(options: AllocationOptions) {
    this.client = options.client;
    this.username = options.username;
    this.user = options.user;
    this.family = options.family;
    this.relay = options.relay;
    this.bytes = options.bytes;
    this.transactionId = options.transactionId;
    this.answer = options.answer;
    this.expiresAt = options.expiresAt;
  }

  /** Looks up a peer by the words of its address, which is of the allocation's family. */
  peerOf(word0: number, word1: number, word2: number, word3: number): Peer | undefined {
    if (this.#latest !== undefined && isAt(this.#latest.ip, word0, word1, word2, word3)) return this.#latest;
    for (const peer of this.#peers) {
      if (!isAt(peer.ip, word0, word1, word2, word3)) continue;
      this.#latest = peer;
      return peer;
    }
    return undefined;
  }

  peerOfIp({ word0, word1, word2, word3 }: IpAddress): Peer | undefined {
    return this.peerOf(word0, word1, word2, word3);
  }

  /** Looks up a peer by the text of its address. */
  peerAt(address: string): Peer | undefined {
    return this.#byAddress.get(address);
  }

  /** The channel of that number. */
  channel(number: number, now: number): Channel | undefined {
    const channel = this.#channels?.get(number);
    return channel !== undefined && channel.expiresAt > now ? channel : undefined;
  }

  permissionCount(now: number): number {
    return this.#peers.reduce((count, peer) => (peer.expiresAt > now ? count + 1 : count), 0);
  }

  channelCount(now: number): number {
    const channels = [...(this.#channels?.values() ?? [])];
    return channels.reduce((count, channel) => (channel.expiresAt > now ? count + 1 : count), 0);
  }

  /** Installs or extends the permission for an address of the allocation's family (RFC 8656 §9). */
  permit(ip: IpAddress, expiresAt: number): Peer {
    const known = this.peerOfIp(ip);
    const peer = known ?? new Peer(ip);
    if (known === undefined) {
      this.#peers.push(peer);
      this.#byAddress.set(peer.address, peer);
    }
    peer.expiresAt = expiresAt;
    return peer;
  }

  /** Binds a channel, or extends its binding. Neither the number nor the port may belong to another channel. */
  bind(number: number, peer: Peer, port: number, expiresAt: number): void {
    this.#channels ??= new Map();
    const known = this.#channels.get(number);
    if (known !== undefined) {
      known.expiresAt = expiresAt;
      return;
    }
    const channel = { number, peer, port, expiresAt };
    this.#channels.set(number, channel);
    peer.channels.push(channel);
  }

  /** Forgets the channels and permissions that have expired. */
  prune(now: number): void {
    for (const [number, channel] of this.#channels ?? []) {
      if (channel.expiresAt > now) continue;
      this.#channels?.delete(number);
      channel.peer.channels.splice(channel.peer.channels.indexOf(channel), 1);
    }
    for (const peer of this.#peers.filter(({ expiresAt, channels }) => expiresAt <= now && channels.length === 0)) {
      this.#peers.splice(this.#peers.indexOf(peer), 1);
      this.#byAddress.delete(peer.address);
      if (this.#latest === peer) this.#latest = undefined;
    }
  }
}

function isAt(ip: IpAddress, word0: number, word1: number, word2: number, word3: number): boolean {
  return ip.word3 === word3 && ip.word2 === word2 && ip.word1 === word1 && ip.word0 === word0;
}
