/** The receiver of what passes on the sockets of one client. */
export interface SocketObserver {
  /** The URL to which a new socket connects, instead of the given one. */
  connecting(url: string): string;
  sent(frame: Uint8Array): void;
  received(frame: Uint8Array): void;
  closed(code: number, reason: string): void;
}

/** A class of WebSockets for a provider, whose frames an observer sees before the provider does. */
export function observedSocket(observer: SocketObserver): typeof WebSocket {
  class ObservedSocket extends WebSocket {
    constructor(url: string, protocols?: string[]) {
      super(observer.connecting(url), protocols);
      this.addEventListener("message", ({ data }) => {
        if (data instanceof ArrayBuffer) observer.received(new Uint8Array(data));
      });
      this.addEventListener("close", ({ code, reason }) => observer.closed(code, reason));
    }

    override send(data: Parameters<WebSocket["send"]>[0]): void {
      if (data instanceof Uint8Array) observer.sent(data);
      super.send(data);
    }
  }
  // Providers use one of the constructors that Bun's class has.
  return ObservedSocket as typeof WebSocket;
}
