import type { ServerSocket, TurnTransport } from "../../../src/turn/server-socket.ts";

export interface SentToClient {
  readonly bytes: Uint8Array;
  readonly address: string;
  readonly port: number;
}

/** Keeps what the server sends to its clients. */
export class FakeServerSocket implements ServerSocket {
  readonly transport: TurnTransport;
  /** Allocations that began on this socket, less those that ended. */
  allocations = 0;
  #sent: SentToClient[] = [];

  constructor(transport: TurnTransport = "udp") {
    this.transport = transport;
  }

  send(bytes: Uint8Array, address: string, port: number): void {
    this.#sent.push({ bytes: bytes.slice(), address, port });
  }

  admitted(): void {
    this.allocations += 1;
  }

  released(): void {
    this.allocations -= 1;
  }

  /** Takes the messages that were sent to one client, or to any, since the last call for it. */
  take(address?: string, port?: number): readonly SentToClient[] {
    const isMeant = (sent: SentToClient) => address === undefined || (sent.address === address && sent.port === port);
    const taken = this.#sent.filter(isMeant);
    this.#sent = this.#sent.filter((sent) => !isMeant(sent));
    return taken;
  }
}
