import { RelayConnection } from "./sync-connection.ts";
import type { RelayProtocol } from "./sync-protocol.ts";

/** A server's documents as one program has them: over one connection where the protocol shares it, else one for each. */
export class Relay {
  readonly protocol: RelayProtocol;
  readonly #wsUrl: string;
  #shared: RelayConnection | undefined;

  /** `wsUrl` is the server's, without a path. */
  constructor(wsUrl: string, protocol: RelayProtocol) {
    this.#wsUrl = wsUrl;
    this.protocol = protocol;
  }

  connectionTo(document: string): RelayConnection {
    if (!this.protocol.sharesConnections) return this.#connect(document);
    if (this.#shared === undefined || this.#shared.socket.readyState >= WebSocket.CLOSING)
      this.#shared = this.#connect(document);
    return this.#shared;
  }

  #connect(document: string): RelayConnection {
    return new RelayConnection(`${this.#wsUrl}${this.protocol.path(document)}`, this.protocol);
  }
}
