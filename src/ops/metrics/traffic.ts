import type { Instruments } from "./instruments.ts";
import { carriers, protocolNames, wireProtocols } from "./label-values.ts";

/** The clients of one protocol, in plain numbers: the hot path adds to them, and the metrics read them. */
export class ProtocolTraffic {
  /** Open WebSockets. */
  connections = 0;
  /** Open sessions, on WebSockets or by polling. */
  sessions = 0;
  openedSessions = 0;
  receivedFrames = 0;
  /** Payloads, without the headers of frames. */
  receivedBytes = 0;
  sentFrames = 0;
  sentBytes = 0;
  /** Frames that were published to the members of a room. */
  publishedFrames = 0;
  /** The receivers of the published frames, added up; they are sent frames as well. */
  deliveries = 0;

  received(bytes: number): void {
    this.receivedFrames += 1;
    this.receivedBytes += bytes;
  }

  sent(bytes: number): void {
    this.sentFrames += 1;
    this.sentBytes += bytes;
  }

  /** A frame was sent to `receivers` members of a room; to none if the number is negative. */
  published(bytes: number, receivers: number): void {
    this.publishedFrames += 1;
    if (receivers <= 0) return;
    this.deliveries += receivers;
    this.sentFrames += receivers;
    this.sentBytes += receivers * bytes;
  }
}

/** The clients of all protocols. */
export class Traffic {
  readonly #byProtocol = new Map(protocolNames.map((name): [string, ProtocolTraffic] => [name, new ProtocolTraffic()]));
  /** Shared by protocols without a name in the fixed set: none of ours. */
  readonly #other = new ProtocolTraffic();
  #firstOpened: (protocol: string) => void = () => {};

  of(protocol: string): ProtocolTraffic {
    return this.#byProtocol.get(protocol) ?? this.#other;
  }

  /** Sets the one function that is called with the first session of each protocol; at once for those that had one. */
  whenFirstOpened(task: (protocol: string) => void): void {
    this.#firstOpened = task;
    for (const [protocol, { openedSessions }] of this.#byProtocol) {
      if (openedSessions > 0 && !isCarrier(protocol)) task(protocol);
    }
  }

  sessionOpened(protocol: string): void {
    const traffic = this.of(protocol);
    traffic.sessions += 1;
    traffic.openedSessions += 1;
    const isFirst = traffic.openedSessions === 1 && traffic !== this.#other;
    if (isFirst && !isCarrier(protocol)) this.#firstOpened(protocol);
  }

  sessionClosed(protocol: string): void {
    this.of(protocol).sessions -= 1;
  }

  /** A session of the protocol `carrier` is one of `dialect`, as its first message shows. */
  sessionRecognised(carrier: string, dialect: string): void {
    this.sessionClosed(carrier);
    this.sessionOpened(dialect);
  }

  /** Reverts `sessionRecognised` before the end of the session. */
  sessionForgotten(dialect: string, carrier: string): void {
    this.sessionClosed(dialect);
    this.of(carrier).sessions += 1;
  }
}

function isCarrier(protocol: string): boolean {
  return carriers.some((carrier) => carrier === protocol);
}

export interface TrafficMetrics {
  readonly traffic: Traffic;
}

/** Creates the metrics of connections, sessions and frames by protocol. */
export function createTrafficMetrics(instruments: Instruments): TrafficMetrics {
  const traffic = new Traffic();
  const gauge = (name: string, help: string) => instruments.labelledGauge<string>(name, help, "protocol");
  const counter = (name: string, help: string) => instruments.labelledCounter<string>(name, help, "protocol");
  const connections = gauge("connections", "WebSockets that are open");
  const sessions = gauge("sessions", "Sessions that are open, on WebSockets or by polling");
  const openedSessions = counter("opened_sessions_total", "Sessions opened");
  const frames = {
    receivedFrames: counter("received_frames_total", "Frames received from clients"),
    receivedBytes: counter("received_bytes_total", "Bytes of the frames received from clients"),
    sentFrames: counter("sent_frames_total", "Frames sent to clients, once for each receiver"),
    sentBytes: counter("sent_bytes_total", "Bytes of the frames sent to clients, once for each receiver"),
    publishedFrames: counter("published_frames_total", "Frames published to the members of a room, counted once"),
    deliveries: counter("deliveries_total", "Receivers of published frames, added up"),
  };
  for (const protocol of protocolNames) {
    const of = traffic.of(protocol);
    sessions.readFrom(protocol, () => of.sessions);
    openedSessions.readFrom(protocol, () => of.openedSessions);
  }
  for (const protocol of wireProtocols) {
    const of = traffic.of(protocol);
    connections.readFrom(protocol, () => of.connections);
    for (const key of [
      "receivedFrames",
      "receivedBytes",
      "sentFrames",
      "sentBytes",
      "publishedFrames",
      "deliveries",
    ] as const)
      frames[key].readFrom(protocol, () => of[key]);
  }
  return { traffic };
}
