import type { AuthOptions } from "../auth/auth-options.ts";
import type { AddressRanges } from "../lib/address/address-ranges.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { DurabilityOptions } from "../relay/durability.ts";
import type { Quotas } from "../signaling/quotas.ts";
import type { OriginPolicy } from "../transport/admission/origin-policy.ts";
import type { NativeChannels } from "../transport/native-channel.ts";
import type { Limits } from "./limits.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Further ports, for clients whose port and path are fixed. */
  readonly compatibilityPorts: readonly number[];
  readonly dataFolder: string;
  /** Without it nothing is stored, and only signaling is served. */
  readonly syncEnabled: boolean;
  readonly durability: DurabilityOptions["durability"];
  /** Idle documents are unloaded when all documents in memory are larger. */
  readonly documentMemoryBytes: number;
  readonly peerjs: {
    /** What clients have to name. */
    readonly key: string;
    /** Whether whoever asks is told the ids of all clients. */
    readonly discoveryEnabled: boolean;
  };
  readonly auth: AuthOptions;
  /** As `ListenerOptions`. */
  readonly origins: ReadonlySet<string>;
  /** The reverse proxies whose X-Forwarded-For is trusted. */
  readonly proxies: AddressRanges;
  readonly limits: Limits;
  readonly log: Log;
}

/** What the parts of a server share. */
export interface Shared extends Pick<ServerOptions, "limits" | "log"> {
  readonly originPolicy: OriginPolicy;
  readonly metrics: Metrics;
  readonly channels: NativeChannels;
  readonly quotas: Quotas;
}
