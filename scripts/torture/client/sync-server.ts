import { SyncConnection } from "./sync-connection.ts";
import type { SyncProtocol } from "./sync-protocol.ts";

/**
 * A program's access to a server's documents: over one connection if the protocol shares it, else over one for each.
 */
export class SyncServer {
  readonly protocol: SyncProtocol;
  readonly #wsUrl: string;
  #shared: SyncConnection | undefined;

  /** `wsUrl` is the server's URL without a path. */
  constructor(wsUrl: string, protocol: SyncProtocol) {
    this.#wsUrl = wsUrl;
    this.protocol = protocol;
  }

  connectionTo(document: string): SyncConnection {
    if (!this.protocol.sharesConnections) return this.#connect(document);
    if (this.#shared === undefined || this.#shared.socket.readyState >= WebSocket.CLOSING)
      this.#shared = this.#connect(document);
    return this.#shared;
  }

  #connect(document: string): SyncConnection {
    return new SyncConnection(`${this.#wsUrl}${this.protocol.path(document)}`, this.protocol);
  }
}
