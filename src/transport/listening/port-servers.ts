import type { Certificate } from "../../tls/certificate.ts";
import { type AddressServer, listenOnAll } from "./listening-addresses.ts";

/** Where a server listens, and with what certificate. */
export interface Binding {
  readonly hostname: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A certificate with its key. */
export type ServedCertificate = Pick<Certificate, "chain" | "privateKey">;

/** With HTTPS. `certificate` is undefined until there is one: the ports then answer plain requests with 503. */
export interface Encryption {
  readonly certificate: ServedCertificate | undefined;
}

export interface PortServersOptions<Port extends { readonly port: number }, Server extends AddressServer> {
  /** A hostname or address. */
  readonly host: string;
  /** The port numbers; 0 takes any free one. */
  readonly ports: readonly Port[];
  readonly encryption: Encryption | undefined;
  /** Starts a server. Throws the system's error. */
  readonly serve: (port: Port, binding: Binding) => Server;
  /** A server of `serve` has been started. */
  readonly started: (server: Server) => void;
  /** No connection of the server is left. */
  readonly ended: (server: Server) => void;
}

/** A server on one address. */
interface Entry<Port, Server extends AddressServer> extends AddressServer {
  readonly of: Port;
  readonly address: string;
  readonly port: number;
  /** Undefined while the address waits for the first certificate. */
  readonly server: Server | undefined;
}

/**
 * The servers of all ports: one for each address.
 *
 * The runtime cannot change the certificate of a server. So a second one starts on the same port, and the first one
 * accepts no further connections but keeps those that it has, until the last of them ends. Only a client that connects
 * in that very moment may have to connect again.
 */
export class PortServers<Port extends { readonly port: number }, Server extends AddressServer> {
  readonly #options: PortServersOptions<Port, Server>;
  #entries: (readonly Entry<Port, Server>[])[] = [];
  /** Servers with a former certificate that still have connections. */
  readonly #former = new Set<Server>();
  #isStopped = false;

  /** Throws the system's error (EADDRINUSE, EACCES, …), with the `port`, when it cannot listen; every port is free then. */
  constructor(options: PortServersOptions<Port, Server>) {
    this.#options = options;
    const { host, ports, encryption } = options;
    for (const of of ports) {
      const listen = (address: string, port: number) => this.#listen(of, address, port, encryption);
      try {
        this.#entries.push(listenOnAll({ host, port: of.port, listen }));
      } catch (error) {
        for (const entry of this.#entries.flat()) void entry.stop(true);
        throw error instanceof Error ? Object.assign(error, { port: of.port }) : error;
      }
    }
    for (const { server } of this.#entries.flat()) if (server !== undefined) options.started(server);
  }

  /** The number of each port, in the order of the options. */
  get numbers(): readonly number[] {
    return this.#entries.flatMap(([first]) => first?.port ?? []);
  }

  /**
   * Uses another certificate for all further connections. Throws the system's error when a port cannot be taken over, or
   * the certificate not be used; the former servers go on then. Does nothing after `stop`.
   */
  replaceCertificate(certificate: ServedCertificate): void {
    if (this.#isStopped) return;
    const next: (readonly Entry<Port, Server>[])[] = [];
    try {
      for (const entries of this.#entries) {
        next.push(entries.map(({ of, address, port }) => this.#start(of, boundTo(address, port, certificate))));
      }
    } catch (error) {
      for (const entry of next.flat()) void entry.stop(true);
      throw error;
    }
    const former = this.#entries.flat();
    this.#entries = next;
    for (const { server } of next.flat()) if (server !== undefined) this.#options.started(server);
    for (const entry of former) void this.#retire(entry);
  }

  /** Frees the ports and closes every connection. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const servers = [...this.#entries.flat(), ...this.#former];
    await Promise.all(servers.map((server) => server.stop(true)));
    for (const { server } of this.#entries.flat()) if (server !== undefined) this.#options.ended(server);
  }

  #listen(of: Port, address: string, port: number, encryption: Encryption | undefined): Entry<Port, Server> {
    if (encryption === undefined) return this.#start(of, { hostname: address, port, reusePort: false });
    // A server that shares its port would also share it with another server of this kind, which goes unnoticed. So it is
    // started only where one that shares nothing can listen.
    const probe = Bun.serve({ hostname: address, port, reusePort: false, fetch: awaitingCertificate });
    const free = probe.port ?? port;
    void probe.stop(true);
    const { certificate } = encryption;
    if (certificate !== undefined) return this.#start(of, boundTo(address, free, certificate));
    const options = { hostname: address, port: free, reusePort: true, development: false };
    return entryOf<Port, Server>(of, address, Bun.serve({ ...options, fetch: awaitingCertificate }), undefined);
  }

  #start(of: Port, binding: Binding): Entry<Port, Server> {
    const server = this.#options.serve(of, binding);
    return entryOf(of, binding.hostname, server, server);
  }

  async #retire({ server, stop }: Entry<Port, Server>): Promise<void> {
    if (server === undefined) {
      stop(true);
      return;
    }
    this.#former.add(server);
    await server.stop(false);
    this.#former.delete(server);
    this.#options.ended(server);
  }
}

function boundTo(hostname: string, port: number, { chain, privateKey }: ServedCertificate): Binding {
  return { hostname, port, reusePort: true, tls: { cert: chain, key: privateKey } };
}

function entryOf<Port, Server extends AddressServer>(
  of: Port,
  address: string,
  listening: AddressServer,
  server: Server | undefined,
): Entry<Port, Server> {
  const stop = (closeActiveConnections: boolean) => listening.stop(closeActiveConnections);
  // The number is 0 once a server has been stopped.
  return { of, address, port: listening.port ?? 0, server, stop };
}

function awaitingCertificate(): Response {
  const headers = { "retry-after": "10" };
  return new Response("This server waits for its certificate\n", { status: 503, headers });
}
