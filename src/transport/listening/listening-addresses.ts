import { errorCode } from "../../lib/error-code.ts";

/** A server that listens on one address. */
export interface AddressServer {
  readonly port: number | undefined;
  stop(closeActiveConnections: boolean): unknown;
}

export interface ListenOptions<S> {
  /** A host name or address. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Listens on one address. Throws the system's error. */
  readonly listen: (address: string, port: number) => S;
}

/** Clients resolve the name to either address, and some try only one of them. */
const loopbacks = ["127.0.0.1", "::1"];
const anyAddress = "::";
/** The same on a machine without IPv6. */
const anyIpv4Address = "0.0.0.0";
/** A free port of one address is rarely in use on the other. */
const mostAttempts = 20;

/**
 * Listens on all addresses of a host, on the same port: `localhost` is both loopback addresses, or the one that this
 * machine has; `::` is `0.0.0.0` where there is no IPv6. Throws the system's error when it cannot listen; nothing listens then.
 */
export function listenOnAll<S extends AddressServer>(options: ListenOptions<S>): readonly S[] {
  const { host, port } = options;
  const addresses = /^localhost\.?$/i.test(host) ? loopbacks : [host];
  for (let attempt = 1; ; attempt += 1) {
    const servers = new ServersOfPort(options);
    try {
      for (const address of addresses) servers.add(address);
      if (host === anyAddress && servers.isEmpty) servers.add(anyIpv4Address);
      return servers.listening();
    } catch (error) {
      servers.stop();
      const mayRetry = port === 0 && errorCode(error) === "EADDRINUSE" && attempt < mostAttempts;
      if (!mayRetry) throw error;
    }
  }
}

class ServersOfPort<S extends AddressServer> {
  readonly #options: ListenOptions<S>;
  readonly #servers: S[] = [];
  #missing: unknown;

  constructor(options: ListenOptions<S>) {
    this.#options = options;
  }

  /** Throws when the address is in use. An address that this machine lacks is left out. */
  add(address: string): void {
    const port = this.#servers[0]?.port ?? this.#options.port;
    try {
      this.#servers.push(this.#options.listen(address, port));
    } catch (error) {
      const code = errorCode(error);
      if (code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT") throw error;
      this.#missing ??= error;
    }
  }

  get isEmpty(): boolean {
    return this.#servers.length === 0;
  }

  /** Throws when this machine has none of the addresses. */
  listening(): readonly S[] {
    if (this.#servers.length === 0) throw this.#missing;
    return this.#servers;
  }

  stop(): void {
    for (const server of this.#servers) server.stop(true);
  }
}
