import { randomInt } from "node:crypto";
import { errorCode } from "../../lib/error-code.ts";
import type { TurnCounts } from "../../ops/metrics/turn-metrics.ts";
import type { AddressFamily, PortParity, ReceiveFromPeer, RelayNetwork, RelaySocket } from "../relay-network.ts";
import type { SocketOptions } from "./socket-options.ts";
import { UdpSocket } from "./udp-socket.ts";

/** An address of this machine for relayed transport addresses, and the one at which peers reach it. */
export interface RelayAddress {
  readonly family: AddressFamily;
  readonly bound: string;
  /** Differs from `bound` behind a 1:1 NAT. */
  readonly advertised: string;
}

/** Ports from the first to the last. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface UdpRelayNetworkOptions {
  /** At most one for each family. */
  readonly addresses: readonly RelayAddress[];
  readonly ports: PortRange;
  readonly socketOptions: Pick<SocketOptions, "prepare">;
  readonly counts: TurnCounts;
}

const receiveBytes = 1024 * 1024;

/** Relayed transport addresses: a UDP socket for each allocation, on a random port of a range. */
export class UdpRelayNetwork implements RelayNetwork {
  readonly #options: UdpRelayNetworkOptions;
  #addresses: ReadonlyMap<AddressFamily, RelayAddress>;
  #ports: PortRange;
  /** The ports of allocations, by address. A port that another program uses is noticed when binding fails. */
  readonly #taken = new Map<string, Set<number>>();
  readonly #open = new Set<UdpSocket>();
  #isClosed = false;

  constructor(options: UdpRelayNetworkOptions) {
    this.#options = options;
    this.#addresses = byFamily(options.addresses);
    this.#ports = options.ports;
  }

  get families(): ReadonlySet<AddressFamily> {
    return new Set(this.#addresses.keys());
  }

  /** Sets the addresses and ports of further allocations. */
  replace({ addresses, ports }: Pick<UdpRelayNetworkOptions, "addresses" | "ports">): void {
    this.#addresses = byFamily(addresses);
    this.#ports = ports;
  }

  async open(
    family: AddressFamily,
    receive: ReceiveFromPeer,
    parity: PortParity = "any",
  ): Promise<RelaySocket | undefined> {
    const relay = this.#addresses.get(family);
    if (relay === undefined) return undefined;
    const taken = this.#takenOn(relay.bound);
    const { first, last } = this.#ports;
    const count = last - first + 1;
    const start = randomInt(count);
    for (let step = 0; step < count; step += 1) {
      const port = first + ((start + step) % count);
      if (taken.has(port) || (parity === "even" && port % 2 !== 0)) continue;
      // Another allocation may look for a port before this one is bound.
      taken.add(port);
      const socket = await this.#bind(relay.bound, port, receive);
      if (socket !== undefined) return this.#relaySocket(socket, relay);
      taken.delete(port);
      if (this.#isClosed) return undefined;
    }
    return undefined;
  }

  /** Closes all sockets. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#open) socket.close();
    this.#open.clear();
  }

  /** Undefined if the port is in use, or the network has been closed meanwhile. */
  async #bind(address: string, port: number, receive: ReceiveFromPeer): Promise<UdpSocket | undefined> {
    try {
      const socket = await UdpSocket.open({ ...this.#options, address, port, receiveBytes, receive });
      if (!this.#isClosed) return socket;
      socket.close();
      return undefined;
    } catch (error) {
      if (errorCode(error) === "EADDRINUSE") return undefined;
      this.#takenOn(address).delete(port);
      throw error;
    }
  }

  #relaySocket(socket: UdpSocket, { bound, advertised }: RelayAddress): RelaySocket {
    this.#open.add(socket);
    return {
      address: advertised,
      port: socket.port,
      send: (payload, address, port) => socket.send(payload, address, port),
      close: () => {
        if (!this.#open.delete(socket)) return;
        socket.close();
        this.#takenOn(bound).delete(socket.port);
      },
    };
  }

  #takenOn(address: string): Set<number> {
    const known = this.#taken.get(address);
    if (known !== undefined) return known;
    const taken = new Set<number>();
    this.#taken.set(address, taken);
    return taken;
  }
}

function byFamily(addresses: readonly RelayAddress[]): ReadonlyMap<AddressFamily, RelayAddress> {
  return new Map(addresses.map((address) => [address.family, address]));
}
