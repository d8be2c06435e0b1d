import { isMissingAddress } from "./missing-address.ts";
import { StreamListener, type StreamListenerOptions, type TurnCertificate } from "./stream-listener.ts";

export interface TurnTlsPortOptions extends Omit<StreamListenerOptions, "address" | "certificate"> {
  /** As `TurnPortOptions.addresses`. */
  readonly addresses: readonly string[];
}

/**
 * The port for TLS, on several addresses.
 *
 * The runtime cannot change the certificate of a listener. Therefore a second listener starts on the same port, and the
 * first one keeps its connections until they end.
 */
export class TurnTlsPort {
  readonly #options: TurnTlsPortOptions;
  readonly #former = new Set<StreamListener>();
  #listeners: readonly StreamListener[] = [];
  #addresses: readonly string[];
  #certificate: TurnCertificate | undefined;
  #port: number;
  #isStopped = false;

  constructor(options: TurnTlsPortOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#addresses = options.addresses;
  }

  /** Undefined until there is a certificate. */
  get port(): number | undefined {
    return this.#listeners.length === 0 ? undefined : this.#port;
  }

  /**
   * Uses this certificate for all further connections; with the first one the port begins to listen. Throws the system's
   * error when it cannot, or the certificate cannot be used: the former listeners go on then.
   */
  replaceCertificate(certificate: TurnCertificate): void {
    if (this.#isStopped) return;
    const { addresses, port } = this.port === undefined ? this.#probe() : this.#bound();
    const next: StreamListener[] = [];
    try {
      for (const address of addresses) {
        next.push(new StreamListener({ ...this.#options, address, port, certificate }));
      }
    } catch (error) {
      for (const listener of next) listener.stop();
      throw error;
    }
    this.#port = port;
    this.#certificate = certificate;
    for (const listener of this.#listeners) {
      listener.retire();
      this.#former.add(listener);
    }
    for (const listener of this.#former) if (!listener.hasConnections) this.#former.delete(listener);
    this.#listeners = next;
  }

  /** As `TurnPort.follow`. */
  follow(addresses: readonly string[]): void {
    this.#addresses = addresses;
    const certificate = this.#certificate;
    if (certificate === undefined || this.#isStopped) return;
    for (const listener of this.#listeners) if (!addresses.includes(listener.address)) listener.stop();
    const kept = this.#listeners.filter(({ address }) => addresses.includes(address));
    const isNew = (address: string) => kept.every((listener) => listener.address !== address);
    this.#listeners = [...kept, ...addresses.filter(isNew).flatMap((address) => this.#tryListen(address, certificate))];
  }

  /** Frees the port, and closes all connections. */
  stop(): void {
    this.#isStopped = true;
    for (const listener of [...this.#listeners, ...this.#former]) listener.stop();
    this.#listeners = [];
    this.#former.clear();
  }

  #tryListen(address: string, certificate: TurnCertificate): readonly StreamListener[] {
    try {
      return [new StreamListener({ ...this.#options, address, port: this.#port, certificate })];
    } catch {
      return [];
    }
  }

  #bound(): Bound {
    return { addresses: this.#listeners.map(({ address }) => address), port: this.#port };
  }

  /**
   * Tests where the port can be used. A listener that shares its port would silently share it with another Yurt, so a
   * listener without sharing tries first.
   */
  #probe(): Bound {
    const addresses: string[] = [];
    let { port } = this.#options;
    let missing: unknown;
    for (const address of this.#addresses) {
      try {
        const probe = new StreamListener({ ...this.#options, address, port, certificate: undefined });
        port = probe.port;
        probe.stop();
        addresses.push(address);
      } catch (error) {
        if (!isMissingAddress(error)) throw error;
        missing ??= error;
      }
    }
    if (addresses.length === 0) throw missing;
    return { addresses, port };
  }
}

/** Where the port listens. */
interface Bound {
  readonly addresses: readonly string[];
  readonly port: number;
}
