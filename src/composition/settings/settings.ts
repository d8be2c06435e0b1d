import { join, resolve } from "node:path";
import type { AuthOptions } from "../../auth/auth-options.ts";
import { matchesRoom } from "../../auth/room-pattern.ts";
import { type Configuration, type LoadedConfiguration, loadConfiguration } from "../../config/load.ts";
import type { Values } from "../../config/option.ts";
import type { Sources } from "../../config/sources.ts";
import type { ServerOptions, ServerSettings } from "../server-options.ts";
import { clusterOptionsOf } from "./cluster/cluster-settings.ts";
import { crossProblems } from "./cross-checks.ts";
import { historyKeepOf } from "./history/history-options.ts";
import { httpsOptionsOf, withDomainDefaults } from "./https/https-settings.ts";
import { limitsOf } from "./limit-options.ts";
import { type OptionKey, options } from "./options.ts";
import { turnSettingsOf } from "./turn/turn-settings.ts";

/** The type of each setting's value, by its key. */
export type SettingValues = Values<typeof options>;

export type LoadedSettings = LoadedConfiguration<typeof options>;

export type ServerConfiguration = Configuration<typeof options>;

/** Reads and checks Yurt's settings, or those among `keys`: see `loadConfiguration`. */
export function loadSettings(sources: Sources, keys?: readonly OptionKey[]): LoadedSettings {
  const loaded = loadConfiguration({ options, crossProblems }, sources, keys);
  return loaded.ok ? { ok: true, configuration: withDomainDefaults(loaded.configuration) } : loaded;
}

/** The options of a server with these settings. */
export function serverOptionsOf(values: SettingValues): ServerSettings {
  return {
    host: values.host,
    port: values.port,
    compatibilityPorts: values["compat-ports"],
    https: httpsOptionsOf(values),
    dataFolder: values.data,
    cluster: clusterOptionsOf(values),
    syncEnabled: values["sync.enabled"],
    durability: values["sync.durability"],
    acknowledgementWindowMs: acknowledgementWindowMsOf(values),
    documentMemoryBytes: values["sync.memory"],
    keepsDeleted: keepsDeletedOf(values),
    deletedDocumentsMs: deletedDocumentsMsOf(values),
    requiresMatch: values["documents.require-match"],
    historyKeepMs: historyKeepOf(values),
    peerjs: { key: values["signaling.peerjs-key"], discoveryEnabled: values["signaling.peerjs-discovery"] },
    auth: authOptionsOf(values),
    origins: values["auth.origins"],
    publicUrl: values["public-url"],
    basePath: values["base-path"] ?? pathOf(values["public-url"]),
    proxies: values["proxy.trusted"],
    metricsToken: values["metrics.token"],
    metricsAddress: values["metrics.listen"],
    webhooks: {
      allowedAddresses: values["webhooks.allowed-addresses"],
      retryDelaysMs: values["webhooks.retries"],
    },
    turn: turnSettingsOf(values),
    backup: backupOptionsOf(values),
    limits: limitsOf(values),
  };
}

/** An update that Postgres has committed needs no further sync. */
function acknowledgementWindowMsOf(values: SettingValues): number {
  return values["cluster.url"] === undefined ? values["sync.ack-window"] : 0;
}

function deletedDocumentsMsOf({ "documents.keep-deleted": keptMs }: SettingValues): number | undefined {
  return keptMs === "off" ? undefined : keptMs;
}

function backupOptionsOf(values: SettingValues): ServerOptions["backup"] {
  const everyMs = values["backup.every"];
  if (everyMs === "off") return undefined;
  return {
    everyMs,
    keep: values["backup.keep"],
    folder: backupFolderOf(values),
    command: values["backup.command"],
    commandTimeoutMs: values["backup.command-timeout"],
  };
}

/** The folder of the server's own backups. */
export function backupFolderOf(values: Pick<SettingValues, "data" | "backup.folder">): string {
  return resolve(values["backup.folder"] ?? join(values.data, "backups"));
}

/** The one place that decides from a document's name whether its deleted content is kept. */
export function keepsDeletedOf(values: Pick<SettingValues, "sync.no-gc">): ServerOptions["keepsDeleted"] {
  const patterns = values["sync.no-gc"];
  return (document) => patterns.some((pattern) => matchesRoom(pattern, document));
}

/** The path of a URL without the slash at its end, which the URL parser adds to an empty path. */
function pathOf(url: URL | undefined): string {
  return url?.pathname.replace(/\/$/, "") ?? "";
}

export function authOptionsOf(values: SettingValues): AuthOptions {
  const { "auth.jwks": jwks, "auth.issuer": issuer, "auth.audience": audience } = values;
  const { "auth.webhook-url": url, "auth.webhook-secret": webhookSecrets } = values;
  return {
    // The checks between settings let it be missing on loopback only.
    mode: values["auth.mode"] ?? "open",
    secrets: values["auth.secret"] ?? [],
    ...(jwks !== undefined && { jwks }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(url !== undefined && { webhook: { url, secrets: webhookSecrets ?? [] } }),
    readersShowPresence: values["auth.readers-show-presence"],
  };
}
