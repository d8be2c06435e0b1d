import type { AuthOptions } from "../auth/auth-options.ts";
import type { Bus } from "../cluster/bus.ts";
import type { Lead } from "../cluster/lead.ts";
import type { ShownSetting } from "../config/shown-setting.ts";
import type { AddressRanges } from "../lib/address/address-ranges.ts";
import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Pulse } from "../lib/time/pulse.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { RecentLog } from "../ops/recent-log.ts";
import type { DurabilityOptions } from "../relay/commit/durability.ts";
import type { OriginPolicy } from "../transport/admission/origin-policy.ts";
import type { OpenChannel } from "../transport/channel.ts";
import type { Outboxes } from "../transport/outboxes/outboxes.ts";
import type { Scheduler } from "../transport/scheduling/scheduler.ts";
import type { BackupOptions } from "./backups/backup-options.ts";
import type { Limits } from "./settings/limits.ts";

export interface ServerOptions {
  readonly host: string;
  /** The port to listen on; 0 takes any free one. */
  readonly port: number;
  /** Further ports, for clients whose port and path are fixed. */
  readonly compatibilityPorts: readonly number[];
  /** Undefined: the ports speak plain HTTP. */
  readonly https?: HttpsOptions | undefined;
  readonly dataFolder: string;
  /** The database that several servers share. Undefined: documents are in the data folder. */
  readonly cluster?: ClusterOptions | undefined;
  /** False: nothing is stored, and only signaling is served. */
  readonly syncEnabled: boolean;
  readonly durability: DurabilityOptions["durability"];
  /** As `DurabilityOptions.acknowledgementWindowMs`. */
  readonly acknowledgementWindowMs: number;
  /** Idle documents are unloaded when all documents in memory are larger. */
  readonly documentMemoryBytes: number;
  /** Whether compactions keep the deleted content of the document with this name. */
  readonly keepsDeleted: (document: string) => boolean;
  /** How long a deletion can be taken back; undefined for ever. */
  readonly deletedDocumentsMs?: number | undefined;
  /** Whether edits of content over HTTP need a condition on the document; false by default. */
  readonly requiresMatch?: boolean;
  /** How long the history of the document with this name is kept, in milliseconds; 0: it has none. */
  readonly historyKeepMs: (document: string) => number;
  readonly peerjs: {
    /** The key that clients must name. */
    readonly key: string;
    /** Whether every client may list the ids of all clients. */
    readonly discoveryEnabled: boolean;
  };
  readonly auth: AuthOptions;
  /** As `OriginPolicy.origins`; every text satisfies `isOriginPattern`. */
  readonly origins: readonly string[];
  /** The URL at which clients reach the server through a reverse proxy, without a slash at its end. */
  readonly publicUrl: URL | undefined;
  /** The path below which a reverse proxy serves the server; empty for none. */
  readonly basePath: string;
  /** The reverse proxies whose X-Forwarded-For is trusted. */
  readonly proxies: AddressRanges;
  /** The bearer token for `GET /metrics`; with it, programs on this machine need it too. */
  readonly metricsToken: string | undefined;
  /** A further address, which serves only metrics and health, without a token. */
  readonly metricsAddress: { readonly host: string; readonly port: number } | undefined;
  readonly webhooks: WebhookSettings;
  /** STUN and TURN; undefined if clients are given no servers at all. */
  readonly turn?: TurnSettings | undefined;
  /** The schedule of backups; undefined for none. */
  readonly backup?: BackupOptions | undefined;
  /** The server's own: a reload changes them in place, and every part reads a bound when it needs it. */
  readonly limits: Limits;
  readonly log: Log;
  /** The last lines of the log that administrators ask for; undefined for none. */
  readonly recent?: RecentLog | undefined;
  /** The settings that were read last, with secrets masked, for administrators; undefined for none. */
  readonly configuration?: (() => readonly ShownSetting[]) | undefined;
}

/** Whether a server with these options stores anything on disk. A server for signaling only does not. */
export function needsDataFolder({
  auth,
  https,
  syncEnabled,
}: Pick<ServerOptions, "auth" | "https" | "syncEnabled">): boolean {
  return syncEnabled || auth.mode !== "open" || https?.acme !== undefined;
}

/** All options of a server that follow from its settings. */
export type ServerSettings = Omit<ServerOptions, "log" | "recent" | "configuration">;

/** The database that the nodes of a cluster share. */
export interface ClusterOptions {
  /** `postgres://…`. It may have a password. */
  readonly url: URL;
  /** The password, if it is not in the URL. */
  readonly password?: string | undefined;
  /** As `ConnectionsOptions.caFile`. */
  readonly caFile?: string | undefined;
}

/** Change webhooks. */
export interface WebhookSettings {
  /** The addresses, besides those of the internet, that they may call. */
  readonly allowedAddresses: AddressRanges;
  /** As `RetrySchedule.delaysMs`. */
  readonly retryDelaysMs: readonly number[];
}

/** STUN and TURN: this server's own, and the other servers that clients are given. */
export interface TurnSettings {
  /** False if the server has no TURN of its own. */
  readonly isEnabled: boolean;
  /** The port for UDP and TCP; 0 takes any free one. Undefined: the usual port, if it is free. */
  readonly port: number | undefined;
  /** The same for TLS, with the server's certificate. */
  readonly tlsPort: number | undefined;
  /** Host names and addresses of this machine, as those of `ServerOptions.host`. */
  readonly listen: readonly string[];
  /** The addresses at which peers reach this machine: at most one for each family. */
  readonly externalAddresses: "auto" | readonly string[];
  /** The STUN server that is asked for the external addresses. */
  readonly stunServer: { readonly host: string; readonly port: number } | undefined;
  /** The UDP ports of relayed transport addresses. */
  readonly relayPorts: { readonly first: number; readonly last: number };
  /** Addresses and CIDR ranges; see `PeerRules`. */
  readonly allowPeers: readonly string[];
  readonly denyPeers: readonly string[];
  /** The secrets of credentials: the first mints, all verify. Without any, the generated secret is used. */
  readonly secrets: readonly string[];
  readonly realm: string;
  /** How long credentials are valid. */
  readonly ttlMs: number;
  readonly strictChannels: boolean;
  /** The servers that clients are given. */
  readonly advertised: readonly AdvertisedServer[];
  /** The credential for the other TURN servers. Undefined: credentials made with the secret. */
  readonly advertisedCredential: { readonly username: string; readonly credential: string } | undefined;
}

/** A STUN or TURN server that clients are given; `own` stands for the URLs of this server. */
export type AdvertisedServer = "own" | { readonly url: string; readonly needsCredential: boolean };

/** How the ports of a server get their certificate: from files, or from an ACME authority. */
export interface HttpsOptions {
  /** The names that clients use; an authority needs at least one. */
  readonly domains: readonly string[];
  /** The port for plain HTTP, 0 takes any free one. It answers ACME challenges. */
  readonly http?: { readonly port: number; readonly isRedirecting: boolean };
  /** The paths of PEM files. */
  readonly files?: { readonly certificate: string; readonly key: string };
  readonly acme?: AcmeOptions;
}

export interface AcmeOptions {
  readonly directoryUrl: URL;
  /** The contact of the account. */
  readonly email?: string;
  /** A PEM file with the roots of a private authority. */
  readonly authorityRoots?: string;
}

/** The dependencies that the parts of a server share. */
export interface PartDependencies extends Pick<ServerOptions, "limits" | "log"> {
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly metrics: Metrics;
  /** How limits per address count clients. */
  readonly addresses: CountedAddresses;
  readonly scheduler: Scheduler;
  readonly outboxes: Outboxes;
  readonly openChannel: OpenChannel;
  readonly originPolicy: OriginPolicy;
  /** Undefined for a server that shares its database with no other. */
  readonly bus?: Bus | undefined;
  /** Undefined as well: such a server does everything. */
  readonly lead?: Lead | undefined;
}
