export interface FrameTap {
  sent(frame: Uint8Array): void;
  received(frame: Uint8Array): void;
}

/** A subclass of the browser's WebSocket that passes its binary frames to `tap`. */
export function meteredWebSocket(tap: FrameTap): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        if (data instanceof ArrayBuffer) tap.received(new Uint8Array(data));
      });
    }

    override send(data: Parameters<WebSocket["send"]>[0]): void {
      if (data instanceof Uint8Array) tap.sent(data);
      super.send(data);
    }
  };
}
