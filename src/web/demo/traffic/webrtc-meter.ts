import * as broadcastChannel from "lib0/broadcastchannel";
import type { WebrtcConn, WebrtcProvider } from "y-webrtc";
import { TrafficCounter } from "./traffic.ts";

/** Counts the messages of y-webrtc: over data channels, and over BroadcastChannel between windows of one browser. */
export class WebrtcMeter {
  readonly traffic = new TrafficCounter();
  readonly #webrtc: WebrtcProvider;
  readonly #metered = new WeakSet<WebrtcConn>();
  readonly #connected: () => void;

  /** `connected` is called when a data channel opens: the provider has no event for it. */
  constructor(webrtc: WebrtcProvider, connected: () => void) {
    this.#webrtc = webrtc;
    this.#connected = connected;
    webrtc.on("peers", () => this.#meterConnections());
    broadcastChannel.subscribe(webrtc.roomName, (_data: unknown, origin: unknown) => this.#broadcastSeen(origin));
  }

  #meterConnections(): void {
    for (const connection of this.#webrtc.room?.webrtcConns.values() ?? []) {
      if (this.#metered.has(connection)) continue;
      this.#metered.add(connection);
      this.#meter(connection);
    }
  }

  #meter({ peer }: WebrtcConn): void {
    const send: (data: Uint8Array) => void = peer.send.bind(peer);
    peer.send = (data: Uint8Array) => {
      send(data);
      this.traffic.sent += 1;
    };
    peer.on("data", () => {
      this.traffic.received += 1;
    });
    peer.on("connect", this.#connected);
  }

  /** lib0 also reports the page's own messages, and y-webrtc sends even when no other window listens. */
  #broadcastSeen(origin: unknown): void {
    const room = this.#webrtc.room;
    if (!(room?.bcconnected && room.bcConns.size > 0)) return;
    if (origin === "broadcastchannel") this.traffic.received += 1;
    else this.traffic.sent += 1;
  }
}
