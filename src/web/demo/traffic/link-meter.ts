import type { WebrtcProvider } from "y-webrtc";
import type { WebsocketProvider } from "y-websocket";
import { Value } from "../../shared/value.ts";
import { directRoundTripsMs, EchoTimer } from "./round-trip.ts";
import { queryAwareness } from "./sync-frame.ts";
import { type Traffic, TrafficCounter } from "./traffic.ts";
import { WebrtcMeter } from "./webrtc-meter.ts";

/** The latest measurements of one transport. */
export interface Link extends Traffic {
  readonly isConnected: boolean;
  /** The fastest and the slowest round trip; empty when nothing was measured. */
  readonly roundTripsMs: readonly number[];
}

const noLink: Link = { isConnected: false, roundTripsMs: [], sent: 0, received: 0 };

const pollMs = 1000;
/** A query measures the server's round trip if no other message has done so for this long. */
const queryAfterMs = 5000;

/** Publishes the measurements of both transports once per second, so that a message causes no rendering. */
export class LinkMeter {
  readonly webrtc = new Value<Link>(noLink);
  readonly websocket = new Value<Link>(noLink);
  readonly #webrtc: WebrtcProvider;
  readonly #direct: WebrtcMeter;
  readonly #frames = new TrafficCounter();
  readonly #echo = new EchoTimer();

  /** `connected` is called when a data channel opens: the provider has no event for it. */
  constructor(webrtc: WebrtcProvider, connected: () => void) {
    this.#webrtc = webrtc;
    this.#direct = new WebrtcMeter(webrtc, connected);
  }

  start(websocket: WebsocketProvider): void {
    websocket.on("status", () => this.#echo.reset());
    setInterval(() => void this.#measure(websocket), pollMs);
  }

  /** Counts a frame that the WebSocket has sent. */
  sent(frame: Uint8Array): void {
    this.#frames.sent += 1;
    this.#echo.sent(frame);
  }

  /** Counts a frame that the WebSocket has received. */
  received(frame: Uint8Array): void {
    this.#frames.received += 1;
    this.#echo.received(frame);
  }

  async #measure(websocket: WebsocketProvider): Promise<void> {
    if (document.hidden) return;
    const isConnected = websocket.wsconnected;
    if (isConnected && performance.now() - this.#echo.latestAt > queryAfterMs) websocket.ws?.send(queryAwareness());
    const { latestMs } = this.#echo;
    const roundTripsMs = latestMs === undefined ? [] : [latestMs];
    this.websocket.set({ ...this.#frames.total, isConnected, roundTripsMs });
    const times = await directRoundTripsMs(this.#webrtc);
    this.webrtc.set({
      ...this.#direct.traffic.total,
      isConnected: this.#webrtc.connected,
      roundTripsMs: times.length === 0 ? [] : [Math.min(...times), Math.max(...times)],
    });
  }
}
