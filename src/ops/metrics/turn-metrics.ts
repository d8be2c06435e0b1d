import type { Instruments } from "./instruments.ts";
import { turnDirections, turnDropReasons, turnErrorCodes, turnTransports } from "./label-values.ts";

export type TurnTransport = (typeof turnTransports)[number];
export type TurnErrorCode = (typeof turnErrorCodes)[number];
export type TurnDropReason = (typeof turnDropReasons)[number];

/** The counts of the TURN server, in plain numbers: the hot path adds to them, and the metrics read them. */
export class TurnCounts {
  /** Allocations that exist, by the transport of their clients. */
  readonly allocations: Record<TurnTransport, number> = { udp: 0, tcp: 0, tls: 0 };
  readonly openedAllocations: Record<TurnTransport, number> = { udp: 0, tcp: 0, tls: 0 };
  /** Open connections of clients. UDP has none. */
  readonly connections: Record<Exclude<TurnTransport, "udp">, number> = { tcp: 0, tls: 0 };
  /** Relayed payloads, without the headers of TURN. */
  toPeerPackets = 0;
  toPeerBytes = 0;
  toClientPackets = 0;
  toClientBytes = 0;
  readonly #errors = new Map<number, number>(turnErrorCodes.map((code) => [code, 0]));
  readonly #drops = new Map<TurnDropReason, number>(turnDropReasons.map((reason) => [reason, 0]));

  /** An error response was sent. */
  failed(code: TurnErrorCode): void {
    this.#errors.set(code, this.errorsOf(code) + 1);
  }

  /** A message was dropped without an answer. */
  dropped(reason: TurnDropReason): void {
    this.#drops.set(reason, this.dropsOf(reason) + 1);
  }

  errorsOf(code: TurnErrorCode): number {
    return this.#errors.get(code) ?? 0;
  }

  dropsOf(reason: TurnDropReason): number {
    return this.#drops.get(reason) ?? 0;
  }
}

export interface TurnMetrics {
  readonly turn: TurnCounts;
}

/** Creates the metrics of the TURN server. */
export function createTurnMetrics(instruments: Instruments): TurnMetrics {
  const turn = new TurnCounts();
  const gauge = (name: string, help: string) => instruments.labelledGauge<TurnTransport>(name, help, "transport");
  const counter = (name: string, help: string, label: string) => instruments.labelledCounter<string>(name, help, label);
  const allocations = gauge("turn_allocations", "TURN allocations that exist");
  const connections = gauge("turn_connections", "Connections of TURN clients that are open");
  const opened = counter("turn_opened_allocations_total", "TURN allocations created", "transport");
  for (const transport of turnTransports) {
    allocations.readFrom(transport, () => turn.allocations[transport]);
    opened.readFrom(transport, () => turn.openedAllocations[transport]);
    if (transport !== "udp") connections.readFrom(transport, () => turn.connections[transport]);
  }
  const [toPeer, toClient] = turnDirections;
  const packets = counter("turn_relayed_packets_total", "Packets that TURN has relayed", "direction");
  packets.readFrom(toPeer, () => turn.toPeerPackets);
  packets.readFrom(toClient, () => turn.toClientPackets);
  const bytes = counter("turn_relayed_bytes_total", "Bytes of the packets that TURN has relayed", "direction");
  bytes.readFrom(toPeer, () => turn.toPeerBytes);
  bytes.readFrom(toClient, () => turn.toClientBytes);
  const errors = counter("turn_errors_total", "Error responses of STUN and TURN", "code");
  for (const code of turnErrorCodes) errors.readFrom(String(code), () => turn.errorsOf(code));
  const drops = counter("turn_dropped_total", "Messages of TURN clients and peers dropped without an answer", "reason");
  for (const reason of turnDropReasons) drops.readFrom(reason, () => turn.dropsOf(reason));
  return { turn };
}
