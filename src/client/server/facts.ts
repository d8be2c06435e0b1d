/** A line of the server's log. */
export interface ServerProblem {
  readonly time: string;
  /** `warn`, `error` or `fatal` for a problem of the server. */
  readonly level: string;
  readonly event: string;
  readonly remedy: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type FigureColumn =
  | "updatesPerSecond"
  | "acknowledgementP50Ms"
  | "acknowledgementP99Ms"
  | "eventLoopLagP50Ms"
  | "eventLoopLagP99Ms"
  | "boundHits"
  | "cpuPercent"
  | "residentBytes";

export type RoomKind = "sync" | "signaling";

export interface RoomFacts {
  readonly kind: RoomKind;
  readonly name: string;
  readonly members: number;
  /** The protocols of its members. */
  readonly protocols: readonly string[];
}

export interface RoomMember {
  readonly id: string;
  readonly protocol: string;
  /** Null if unknown. */
  readonly user: string | null;
  /** Null in signaling rooms. */
  readonly access: "read" | "write" | null;
  readonly connectedAt: string;
  readonly address: string;
}

export interface Room extends RoomFacts {
  /** The number of awareness states of a document; null in signaling rooms. */
  readonly presence: number | null;
  /** The first 1,000 members. */
  readonly memberList: readonly RoomMember[];
}
