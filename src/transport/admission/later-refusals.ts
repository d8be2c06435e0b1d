import type { LimitedLog } from "../../ops/limited-log.ts";
import type { BoundName } from "../../ops/metrics/bounds.ts";
import type { Metrics } from "../../ops/metrics.ts";

export interface LaterRefusalsOptions {
  readonly limitedLog: LimitedLog;
  readonly metrics: Pick<Metrics, "bounds" | "refusedUpgrades">;
}

interface Bound {
  readonly option: BoundName;
  readonly retryAfterSeconds: number;
}

const ofAddress =
  "If its users share this address, raise the limit. If it is your reverse proxy, name it with --proxy-trusted.";

const bounds = {
  connections: { option: "limits.connections", retryAfterSeconds: 10 },
  rate: { option: "limits.upgrades-per-second", retryAfterSeconds: 1 },
  "address-connections": { option: "limits.connections-per-address", retryAfterSeconds: 10 },
  "address-rate": { option: "limits.address-upgrades-per-second", retryAfterSeconds: 1 },
  "engine-sessions": { option: "limits.engine-sessions", retryAfterSeconds: 1 },
} as const satisfies Record<string, Bound>;

/** Why a client may not open a connection now. */
export type LaterReason = keyof typeof bounds | "restart";

const restartSeconds = 2;

/** Answers clients that may not open a connection now with 503 and `Retry-After`, and logs and counts them. */
export class LaterRefusals {
  readonly #options: LaterRefusalsOptions;

  constructor(options: LaterRefusalsOptions) {
    this.#options = options;
  }

  /** `remoteAddress` is for the log. A server that stops refuses many clients, and logs none of them. */
  refuse(reason: LaterReason, remoteAddress: string): Response {
    const { limitedLog, metrics } = this.#options;
    metrics.refusedUpgrades.inc({ reason });
    if (reason === "restart") return later(restartSeconds);
    const { option, retryAfterSeconds } = bounds[reason];
    metrics.bounds.met(option);
    const remedy = reason === "address-connections" || reason === "address-rate" ? ofAddress : undefined;
    limitedLog.warn({ event: "upgrade-refused", reason, detail: option, address: remoteAddress, remedy });
    return later(retryAfterSeconds);
  }
}

function later(seconds: number): Response {
  return new Response("Come back later\n", { status: 503, headers: { "retry-after": String(seconds) } });
}
