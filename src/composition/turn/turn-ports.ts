import { AddressCounts } from "../../lib/address/address-counts.ts";
import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { errorCode } from "../../lib/error-code.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Outboxes } from "../../transport/outboxes/outboxes.ts";
import type { TurnLimits } from "../../turn/limits.ts";
import { hostAddresses } from "../../turn/network/host-addresses.ts";
import type { SocketOptions } from "../../turn/network/socket-options.ts";
import { TurnPort, type TurnPortOptions } from "../../turn/network/turn-port.ts";
import { TurnTlsPort } from "../../turn/network/turn-tls-port.ts";
import type { TurnSettings } from "../server-options.ts";
import { usualTurnPort, usualTurnTlsPort } from "../settings/turn/turn-settings.ts";

export interface TurnPortsOptions extends Pick<TurnPortOptions, "receive" | "disconnected"> {
  readonly settings: TurnSettings;
  readonly socketOptions: Pick<SocketOptions, "prepare">;
  readonly addresses: CountedAddresses;
  readonly outboxes: Outboxes;
  readonly limits: TurnLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The ports on which clients reach TURN. */
export interface TurnPorts {
  readonly plain: TurnPort;
  /** Listens from the first certificate on. */
  readonly tls: TurnTlsPort;
}

/** TURN cannot listen on the usual port, which no setting names: the server runs without TURN. */
export class UsualPortUnusable extends Error {
  override readonly name = "UsualPortUnusable";
  /** The system's code, such as EADDRINUSE. */
  readonly code: string | undefined;

  constructor(cause: unknown) {
    super("TURN cannot listen on the usual port", { cause });
    this.code = errorCode(cause);
  }
}

/**
 * Listens for UDP and TCP. If it cannot, it rejects with `UsualPortUnusable` when the settings name no port, else with
 * the system's error, its `port` and the `setting`.
 */
export async function openTurnPorts(options: TurnPortsOptions): Promise<TurnPorts> {
  const { settings, metrics, limits } = options;
  const port = settings.port ?? usualTurnPort;
  try {
    const shared = {
      ...options,
      addresses: await hostAddresses(settings.listen),
      counts: metrics.turn,
      bounds: metrics.bounds,
      connections: { limits, perAddress: connectionCounts(options) },
    };
    const plain = await TurnPort.open({ ...shared, port });
    const tls = new TurnTlsPort({ ...shared, addresses: plain.addresses, port: settings.tlsPort ?? usualTurnTlsPort });
    return { plain, tls };
  } catch (error) {
    if (settings.port === undefined) throw new UsualPortUnusable(error);
    throw withSetting(error, port, "turn.port");
  }
}

/** Adds the port and the setting to the system's error, for the error text. */
export function withSetting(error: unknown, port: number, setting: "turn.port" | "turn.tls-port"): unknown {
  return error instanceof Error ? Object.assign(error, { port, setting }) : error;
}

function connectionCounts({ addresses, limits }: Pick<TurnPortsOptions, "addresses" | "limits">): AddressCounts {
  return new AddressCounts({
    addresses,
    get limit() {
      return limits.turnConnectionsPerAddress;
    },
  });
}
