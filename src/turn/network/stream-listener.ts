import type { AddressCounts } from "../../lib/address/address-counts.ts";
import { canonicalAddress } from "../../lib/address/canonical-address.ts";
import type { ServerSocket } from "../server-socket.ts";
import { StreamConnection, type StreamConnectionOptions } from "./stream-connection.ts";

/** A certificate with its key, both in PEM. */
export interface TurnCertificate {
  readonly chain: string;
  readonly privateKey: string;
}

export interface StreamListenerOptions
  extends Omit<StreamConnectionOptions, "stream" | "transport" | "remoteAddress" | "remotePort" | "limits"> {
  /** An IP address of this machine. */
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /**
   * With a certificate the connections are TLS, and the port may be shared with a listener that has another one. It must be
   * given, so that none comes along with other options.
   */
  readonly certificate: TurnCertificate | undefined;
  /** The connections of all listeners. */
  readonly connections: ConnectionCounts;
  readonly limits: StreamConnectionOptions["limits"];
  /** The client has disconnected. */
  readonly disconnected: (socket: ServerSocket) => void;
}

/** The open connections of all listeners. */
export interface ConnectionCounts {
  readonly perAddress: AddressCounts;
  readonly limits: { readonly turnConnections: number };
}

/** Accepts TCP or TLS connections on one address. */
export class StreamListener {
  readonly address: string;
  readonly port: number;
  readonly #listener: Bun.TCPSocketListener<StreamConnection | undefined>;
  readonly #connections = new Set<Bun.Socket<StreamConnection | undefined>>();

  /** Throws the system's error when it cannot listen. */
  constructor(options: StreamListenerOptions) {
    const { address, certificate, port } = options;
    const sharing = { reusePort: certificate !== undefined };
    this.#listener = Bun.listen<StreamConnection | undefined>({
      hostname: address,
      port,
      ...(certificate !== undefined && { tls: { cert: certificate.chain, key: certificate.privateKey } }),
      // The types of the runtime lack this option of a listener.
      ...sharing,
      socket: {
        open: (socket) => this.#opened(socket, options),
        // Without this handler the runtime calls `open` after the handshake: nothing would bound it, in time and number.
        handshake: () => {},
        data: (socket, bytes) => socket.data?.received(bytes),
        drain: (socket) => socket.data?.drained(),
        close: (socket) => this.#closed(socket, options),
        // The connection is closed next.
        error: () => {},
      },
    });
    this.address = address;
    this.port = this.#listener.port;
  }

  get hasConnections(): boolean {
    return this.#connections.size > 0;
  }

  /** Accepts no further connections, and keeps the open ones. */
  retire(): void {
    this.#listener.stop(false);
  }

  /** Frees the port and closes all connections. */
  stop(): void {
    this.#listener.stop(true);
    for (const socket of this.#connections) socket.terminate();
  }

  #opened(socket: Bun.Socket<StreamConnection | undefined>, options: StreamListenerOptions): void {
    const { certificate, counts } = options;
    const { remotePort } = socket;
    // The types of the runtime say otherwise, but a client that has reset its connection by now has no address any more.
    const given: string | undefined = socket.remoteAddress;
    if (given === undefined) {
      socket.terminate();
      return;
    }
    const remoteAddress = canonicalAddress(given) ?? given;
    const bound = boundMetBy(remoteAddress, options);
    if (bound !== undefined) {
      options.bounds.met(bound);
      socket.terminate();
      return;
    }
    const transport = certificate === undefined ? "tcp" : "tls";
    counts.connections[transport] += 1;
    this.#connections.add(socket);
    socket.data = new StreamConnection({ ...options, transport, stream: socket, remoteAddress, remotePort });
  }

  #closed(socket: Bun.Socket<StreamConnection | undefined>, options: StreamListenerOptions): void {
    const { data: connection } = socket;
    if (connection === undefined || !this.#connections.delete(socket)) return;
    options.counts.connections[connection.transport] -= 1;
    options.connections.perAddress.remove(connection.remoteAddress);
    connection.ended();
    options.disconnected(connection);
  }
}

/** The bound that another connection of this address would exceed. Otherwise counts it for the address. */
function boundMetBy(address: string, { connections, counts }: StreamListenerOptions) {
  const open = counts.connections.tcp + counts.connections.tls;
  if (open >= connections.limits.turnConnections) return "limits.turn-connections";
  return connections.perAddress.take(address) ? undefined : "limits.turn-connections-per-address";
}
