import { io, type Socket } from "socket.io-client";
import { eventually } from "../../eventually.ts";

/** The transports that a client may use, by their name in tests. */
export const transports = {
  websocket: ["websocket"],
  polling: ["polling"],
  upgrade: ["polling", "websocket"],
} as const;

export type TransportName = keyof typeof transports;

/** A client of Peers, on Socket.IO's own client. */
export class SocketIoDevice implements Disposable {
  readonly received: unknown[] = [];
  readonly socket: Socket;

  constructor(url: string, transport: TransportName = "websocket") {
    this.socket = io(url, { transports: [...transports[transport]], forceNew: true, reconnectionDelay: 50 });
    this.socket.onAny((...event: unknown[]) => this.received.push(event));
  }

  [Symbol.dispose](): void {
    this.socket.disconnect();
  }

  /** Resolves with the server's acknowledgement. */
  ask(event: string, ...args: unknown[]): Promise<unknown[]> {
    return new Promise((resolve) => this.socket.emit(event, ...args, (...answer: unknown[]) => resolve(answer)));
  }

  register(deviceId: string, ...groups: string[]): Promise<unknown[]> {
    return this.ask("register-device", { deviceId, user: "u", groups });
  }

  async next(count: number): Promise<unknown[]> {
    await eventually(`${count} events`, () => this.received.length >= count);
    return this.received.splice(0);
  }
}
