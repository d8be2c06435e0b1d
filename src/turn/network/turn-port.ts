import { errorCode } from "../../lib/error-code.ts";
import { isMissingAddress } from "./missing-address.ts";
import { StreamListener, type StreamListenerOptions } from "./stream-listener.ts";
import { UdpListener, type UdpListenerOptions } from "./udp-listener.ts";

/** A port that is free on one address, and for UDP, is rarely in use otherwise. */
const mostAttempts = 20;

type Shared = Omit<UdpListenerOptions, "address"> & Omit<StreamListenerOptions, "address" | "certificate">;

export interface TurnPortOptions extends Shared {
  /** IP addresses of this machine. Those that it lacks are left out, unless it lacks all. */
  readonly addresses: readonly string[];
}

/** One port for UDP and TCP, on several addresses. */
export class TurnPort {
  readonly port: number;
  readonly #options: TurnPortOptions;
  #listeners: readonly Listener[];
  #isStopped = false;

  private constructor(options: TurnPortOptions, opened: OpenedListeners) {
    this.#options = options;
    this.port = opened.port;
    this.#listeners = opened.all();
  }

  /** Rejects with the system's error when an address cannot be used; nothing listens then. */
  static async open(options: TurnPortOptions): Promise<TurnPort> {
    for (let attempt = 1; ; attempt += 1) {
      const opened = new OpenedListeners(options);
      try {
        for (const address of options.addresses) await opened.add(address);
        return new TurnPort(options, opened);
      } catch (error) {
        stopAll(opened.listeners);
        const mayRetry = options.port === 0 && errorCode(error) === "EADDRINUSE" && attempt < mostAttempts;
        if (!mayRetry) throw error;
      }
    }
  }

  /** The addresses on which it listens. */
  get addresses(): readonly string[] {
    return [...new Set(this.#listeners.map(({ address }) => address))];
  }

  /**
   * Listens on these addresses from now on: stops where the machine has lost one, with its connections, and starts where
   * it has got one. An address that cannot be used is left out, until the next call.
   */
  async follow(addresses: readonly string[]): Promise<void> {
    stopAll(this.#listeners.filter(({ address }) => !addresses.includes(address)));
    this.#listeners = this.#listeners.filter(({ address }) => addresses.includes(address));
    for (const address of addresses.filter((each) => !this.addresses.includes(each))) {
      const opened = new OpenedListeners({ ...this.#options, port: this.port });
      const isOpen = await opened.add(address).then(
        () => !this.#isStopped,
        () => false,
      );
      if (isOpen) this.#listeners = [...this.#listeners, ...opened.listeners];
      else stopAll(opened.listeners);
    }
  }

  /** Frees the port, and closes all connections. */
  stop(): void {
    this.#isStopped = true;
    stopAll(this.#listeners);
  }
}

type Listener = UdpListener | StreamListener;

class OpenedListeners {
  readonly listeners: Listener[] = [];
  readonly #options: TurnPortOptions;
  #missing: unknown;

  constructor(options: TurnPortOptions) {
    this.#options = options;
  }

  /** The port of the first listener, which the others share. */
  get port(): number {
    return this.listeners[0]?.port ?? this.#options.port;
  }

  async add(address: string): Promise<void> {
    try {
      this.listeners.push(await UdpListener.open({ ...this.#options, address, port: this.port }));
    } catch (error) {
      if (!isMissingAddress(error)) throw error;
      this.#missing ??= error;
      return;
    }
    this.listeners.push(new StreamListener({ ...this.#options, address, port: this.port, certificate: undefined }));
  }

  all(): readonly Listener[] {
    if (this.listeners.length === 0) throw this.#missing;
    return this.listeners;
  }
}

function stopAll(listeners: readonly Listener[]): void {
  for (const listener of listeners) listener.stop();
}
