import { isLoopback } from "../../lib/address/loopback.ts";
import { errorCode } from "../../lib/error-code.ts";
import type { Certificate } from "../../tls/certificate.ts";
import type { Credentials } from "../../turn/credentials/credentials.ts";
import { Nonces } from "../../turn/credentials/nonces.ts";
import { hostAddresses, interfaceAddresses } from "../../turn/network/host-addresses.ts";
import { SocketOptions } from "../../turn/network/socket-options.ts";
import { UdpRelayNetwork } from "../../turn/network/udp-relay-network.ts";
import { PeerPolicy, type PeerRules } from "../../turn/policy/peer-policy.ts";
import { TurnServer } from "../../turn/turn-server.ts";
import type { PartDependencies, TurnSettings } from "../server-options.ts";
import { usualTurnTlsPort } from "../settings/turn/turn-settings.ts";
import { type OwnTurnUrls, ownTurnUrls } from "./own-urls.ts";
import { type FoundRelayAddresses, findRelayAddresses } from "./relay-addresses.ts";
import { openTurnPorts, type TurnPorts, withSetting } from "./turn-ports.ts";
import { addressWarnings, type TurnWarning, tlsPortInUse } from "./turn-warnings.ts";

export interface OwnTurnOptions
  extends Pick<PartDependencies, "addresses" | "clock" | "limits" | "log" | "metrics" | "outboxes"> {
  readonly settings: TurnSettings;
  /** Where the server itself listens. */
  readonly host: string;
  readonly publicUrl: URL | undefined;
  readonly credentials: Credentials;
}

/** The interval in which the addresses of this machine are read: TURN listens on them, and must not relay to them. */
const interfacesMs = 60_000;
const loopbackRanges = ["127.0.0.0/8", "::1"];

/** This server's own STUN and TURN. */
export class OwnTurn {
  readonly #options: OwnTurnOptions;
  readonly #ports: TurnPorts;
  readonly #network: UdpRelayNetwork;
  readonly #policy: PeerPolicy;
  readonly #server: TurnServer;
  readonly #sockets: AsyncDisposableStack;
  /** Every address that a relayed transport address has had: allocations keep theirs after a reload. */
  readonly #relayed = new Set<string>();
  #settings: TurnSettings;
  #found: FoundRelayAddresses;
  /** The number of searches for relay addresses that have begun. */
  #searches = 0;
  #interfaces = interfaceAddresses();
  #certificate: Certificate | undefined;
  #cancelLook: () => void;

  private constructor(
    options: OwnTurnOptions,
    opened: {
      readonly ports: TurnPorts;
      readonly found: FoundRelayAddresses;
      readonly network: UdpRelayNetwork;
      /** Frees the ports. */
      readonly sockets: AsyncDisposableStack;
    },
  ) {
    const { clock, credentials, limits, log, metrics, settings } = options;
    const { network } = opened;
    this.#options = options;
    this.#settings = settings;
    this.#ports = opened.ports;
    this.#found = opened.found;
    this.#network = network;
    this.#sockets = opened.sockets;
    this.#policy = new PeerPolicy(this.#rules());
    this.#server = new TurnServer({
      network,
      credentials,
      nonces: new Nonces({ clock }),
      policy: this.#policy,
      limits,
      strictChannels: settings.strictChannels,
      counts: metrics.turn,
      bounds: metrics.bounds,
      clock,
      log,
    });
    this.#cancelLook = this.#lookLater();
  }

  /** Rejects as `openTurnPorts`. */
  static async open(options: OwnTurnOptions): Promise<OwnTurn> {
    const { metrics, settings } = options;
    await using opening = new AsyncDisposableStack();
    const socketOptions = opening.use(new SocketOptions());
    // Messages that arrive before the server exists are lost; clients repeat them.
    let own: OwnTurn | undefined;
    const ports = await openTurnPorts({
      ...options,
      socketOptions,
      receive: (socket, bytes, address, port) => {
        if (own !== undefined) own.#server.receive(socket, bytes, address, port);
      },
      disconnected: (socket) => {
        if (own !== undefined) own.#server.disconnected(socket);
      },
    });
    opening.defer(() => {
      ports.plain.stop();
      ports.tls.stop();
    });
    const found = await findRelayAddresses({ settings, listening: ports.plain.addresses });
    const { relayPorts } = settings;
    const network = new UdpRelayNetwork({
      addresses: found.addresses,
      ports: relayPorts,
      socketOptions,
      counts: metrics.turn,
    });
    own = new OwnTurn(options, { ports, found, network, sockets: opening.move() });
    return own;
  }

  get port(): number {
    return this.#ports.plain.port;
  }

  /** Undefined while nothing listens for TLS. */
  get tlsPort(): number | undefined {
    return this.#ports.tls.port;
  }

  get urls(): OwnTurnUrls {
    const { tlsPort } = this;
    const certificateNames = this.#certificate?.names;
    return ownTurnUrls({
      port: this.port,
      tls: tlsPort === undefined || certificateNames === undefined ? undefined : { port: tlsPort, certificateNames },
      listening: this.#ports.plain.addresses,
      relayAddresses: this.#found.addresses,
      publicUrl: this.#options.publicUrl,
    });
  }

  /** The number of allocations, and of the users who have them. */
  get usage(): { readonly allocations: number; readonly users: number } {
    const { allocations, users } = this.#server;
    return { allocations, users };
  }

  get warnings(): readonly TurnWarning[] {
    const { publicUrl } = this.#options;
    const listening = this.#ports.plain.addresses;
    return addressWarnings({ settings: this.#settings, found: this.#found, listening, publicUrl });
  }

  /**
   * Uses the certificate for TLS from now on. Returns a warning if the usual port is in use and the settings name no
   * other; throws the system's error, its `port` and the `setting`, when it cannot listen otherwise.
   */
  replaceCertificate(certificate: Certificate): TurnWarning | undefined {
    const { tlsPort } = this.#settings;
    try {
      this.#ports.tls.replaceCertificate(certificate);
      this.#certificate = certificate;
      return undefined;
    } catch (error) {
      const port = tlsPort ?? usualTurnTlsPort;
      if (tlsPort === undefined && errorCode(error) === "EADDRINUSE") return tlsPortInUse(port);
      throw withSetting(error, port, "turn.tls-port");
    }
  }

  /** Applies the reloadable settings: to new allocations, and the rules for peers at once to all. Never rejects. */
  async reload(settings: TurnSettings): Promise<void> {
    const { externalAddresses, stunServer, relayPorts, allowPeers, denyPeers } = settings;
    this.#settings = { ...this.#settings, externalAddresses, stunServer, relayPorts, allowPeers, denyPeers };
    this.#policy.replace(this.#rules());
    await this.#search();
  }

  endUser(user: string, expiringBefore: number): void {
    this.#server.endUser(user, expiringBefore);
  }

  /** Makes no further allocations; those that exist go on. */
  drain(): void {
    this.#server.drain();
  }

  /** Ends all allocations and frees all ports. */
  async close(): Promise<void> {
    this.#cancelLook();
    this.#server.close();
    this.#network.close();
    await this.#sockets.disposeAsync();
  }

  #rules(): PeerRules {
    const { host, publicUrl } = this.#options;
    const { allowPeers, denyPeers, listen } = this.#settings;
    for (const { advertised } of this.#found.addresses) this.#relayed.add(advertised);
    // If only this machine reaches the server, its peers are on this machine, where every program reaches them anyway.
    // Behind a proxy on this machine, remote clients would reach services on loopback.
    const reachable = [host, ...listen, ...(publicUrl === undefined ? [] : [publicUrl.hostname])];
    const local = reachable.every(isLoopback) ? loopbackRanges : [];
    return {
      allow: [...allowPeers, ...local],
      deny: denyPeers,
      relayed: [...this.#relayed],
      interfaces: this.#interfaces,
    };
  }

  /** Finds the relay addresses, which may take seconds. If another search begins meanwhile, its result counts. */
  async #search(): Promise<void> {
    this.#searches += 1;
    const search = this.#searches;
    const settings = this.#settings;
    const found = await findRelayAddresses({ settings, listening: this.#ports.plain.addresses });
    if (search !== this.#searches) return;
    this.#found = found;
    this.#network.replace({ addresses: found.addresses, ports: settings.relayPorts });
    this.#policy.replace(this.#rules());
  }

  #lookLater(): () => void {
    return this.#options.clock.after(interfacesMs, () => {
      void this.#look();
      this.#cancelLook = this.#lookLater();
    });
  }

  /** Applies a change of the addresses of this machine, which may come at any time. */
  async #look(): Promise<void> {
    const interfaces = interfaceAddresses();
    if (interfaces.join() === this.#interfaces.join()) return;
    this.#interfaces = interfaces;
    // TURN must not relay to the new addresses, even before it listens on them.
    this.#policy.replace(this.#rules());
    const { log } = this.#options;
    const { plain, tls } = this.#ports;
    try {
      const addresses = await hostAddresses(this.#settings.listen);
      await plain.follow(addresses);
      tls.follow(addresses);
      await this.#search();
      log.info({ event: "turn-addresses-changed", listening: plain.addresses, external: this.#external() });
    } catch (error) {
      log.warn({ event: "turn-addresses-not-followed", err: error });
    }
  }

  #external(): readonly string[] {
    return this.#found.addresses.map(({ advertised }) => advertised);
  }
}
