import type { WebrtcProvider } from "y-webrtc";
import type { WebsocketProvider } from "y-websocket";
import { Value } from "../../shared/value.ts";
import type { PeerRoute } from "./peer-route.ts";
import { measureRoutes } from "./peer-routes.ts";
import { EchoTimer } from "./round-trip.ts";
import { queryAwareness } from "./sync-frame.ts";
import { type Traffic, TrafficCounter } from "./traffic.ts";
import { WebrtcMeter } from "./webrtc-meter.ts";

/** The latest measurements of one transport. */
export interface Link extends Traffic {
  /** The fastest and the slowest round trip; empty when nothing was measured. */
  readonly roundTripsMs: readonly number[];
}

const noLink: Link = { roundTripsMs: [], sent: 0, received: 0 };

const pollMs = 1000;
/** A query measures the server's round trip if no other message has done so for this long. */
const queryAfterMs = 5000;

/** Publishes the measurements of both transports once per second, so that a message causes no rendering. */
export class LinkMeter {
  readonly webrtc = new Value<Link>(noLink);
  readonly websocket = new Value<Link>(noLink);
  /** The routes to directly connected windows, by their y-webrtc ids. */
  routes: Readonly<Record<string, PeerRoute>> = {};
  readonly #webrtc: WebrtcProvider;
  readonly #direct: WebrtcMeter;
  readonly #frames = new TrafficCounter();
  readonly #echo = new EchoTimer();
  readonly #measured: () => void;

  /** `measured` is called after each measurement, and when a data channel opens: the provider has no event for it. */
  constructor(webrtc: WebrtcProvider, measured: () => void) {
    this.#webrtc = webrtc;
    this.#measured = measured;
    this.#direct = new WebrtcMeter(webrtc, measured);
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
    if (document.hidden) return this.#measured();
    const isQueryDue = websocket.wsconnected && performance.now() - this.#echo.latestAt > queryAfterMs;
    if (isQueryDue) websocket.ws?.send(queryAwareness());
    const { latestMs } = this.#echo;
    this.websocket.set({ ...this.#frames.total, roundTripsMs: latestMs === undefined ? [] : [latestMs] });
    this.routes = await measureRoutes(this.#webrtc);
    const times = Object.values(this.routes).flatMap(({ roundTripMs }) => roundTripMs ?? []);
    const roundTripsMs = times.length === 0 ? [] : [Math.min(...times), Math.max(...times)];
    this.webrtc.set({ ...this.#direct.traffic.total, roundTripsMs });
    this.#measured();
  }
}
