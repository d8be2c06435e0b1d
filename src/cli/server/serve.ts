import { shownSettings } from "../../composition/administration/shown-settings.ts";
import type { ServerOptions } from "../../composition/server-options.ts";
import {
  authOptionsOf,
  loadSettings,
  type ServerConfiguration,
  serverOptionsOf,
} from "../../composition/settings/settings.ts";
import type { Sources } from "../../config/sources.ts";
import { authorityOf } from "../../lib/address/authority.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { networkAddresses } from "../../lib/address/network-addresses.ts";
import { systemClock } from "../../lib/time/clock.ts";
import { createLog, type Log } from "../../ops/log.ts";
import { standardOutput } from "../../ops/log-output.ts";
import { RecentLog } from "../../ops/recent-log.ts";
import { type RunningServer, startServer } from "../../server.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { CommandInput, Output } from "../command.ts";
import { configurationWarnings } from "../configuration/warnings.ts";
import { exitCodes } from "../exit-code.ts";
import { banner } from "../output/banner.ts";
import { describeProblems } from "../output/configuration-problems.ts";
import { describeStartError } from "../output/start-errors.ts";
import { describeUnexpected } from "../output/unexpected.ts";
import { version } from "../version.ts";
import { ConfigurationReload } from "./configuration-reload.ts";
import { dashboardLink } from "./dashboard-link.ts";
import { demoLink } from "./demo-link.ts";
import { descriptorWarning } from "./descriptor-warning.ts";
import { logRuntimeWarnings } from "./runtime-warnings.ts";
import { ServiceManager } from "./service-manager.ts";
import { Signals } from "./signals.ts";
import { type AdvertisedTurn, turnEndpoint, turnUrls } from "./turn-endpoint.ts";

/**
 * Runs the server until a signal asks it to stop.
 *
 * Standard output carries the log (on a terminal the banner, then a log for people). An error that keeps the server from
 * starting is explained on standard error.
 */
export async function serve(input: CommandInput): Promise<number> {
  const { operands, stdout, stderr } = input;
  const sources = withDomains(input.sources, operands);
  const readSources = async () => withDomains(await input.readSources(), operands);
  const loaded = loadSettings(sources);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems, "Yurt did not start."));
    return exitCodes.badConfiguration;
  }
  const { configuration } = loaded;
  const onTerminal = stdout.isTTY === true;
  const recent = new RecentLog();
  const log = createLog({
    level: configuration.values["log.level"],
    pretty: onTerminal,
    destination: standardOutput(systemClock),
    tap: (line) => recent.take(line),
  });
  endOnCrash(log);
  logRuntimeWarnings(console, log);
  const signals = new Signals({ onTerminal });
  const manager = new ServiceManager({ environment: sources.environment, clock: systemClock });
  let inForce = () => configuration;
  const starting = start(configuration, { log, recent, configuration: () => shownSettings(inForce()) }, stderr);
  // A start may wait for its database. Nothing has to be drained meanwhile.
  const server = await Promise.race([starting, signals.stop]);
  if (typeof server === "string") {
    log.info({ event: "stopped", signal: server });
    return exitCodes.done;
  }
  if (server === undefined) return exitCodes.failed;

  const { host, port, url, https, metricsUrl } = server;
  if (onTerminal) {
    stdout.write(await bannerOf(server, configuration));
    server.whenFirstClient((protocol) => log.info({ event: "first-client", protocol }));
  } else {
    const publicUrl = configuration.values["public-url"]?.href;
    const configurationFile = configuration.file?.path;
    const told = turnUrls(advertisedTurn(server, configuration.values));
    const at = {
      host,
      port,
      url,
      publicUrl,
      httpUrl: https?.httpUrl,
      ...(told.length > 0 && { turnUrls: told }),
      database: server.database,
      metricsUrl,
    };
    log.info({ event: "listening", ...at, configurationFile, version, pid: process.pid });
  }
  for (const { fields } of configurationWarnings(configuration)) log.warn(fields);
  for (const warning of server.turn.warnings) log.warn(warning);
  const descriptors = descriptorWarning(configuration.values);
  if (descriptors !== undefined) log.warn(descriptors);
  manager.ready(`Serving at ${url}`);
  const reload = new ConfigurationReload({ configuration, readSources, server, log });
  inForce = () => reload.current;
  signals.whenReloadAsked(async () => {
    manager.reloading();
    await reload.run();
    manager.ready(`Serving at ${url}`);
  });
  const signal = await signals.stop;
  const drainMs = reload.current.values.drain;
  log.info({ event: "stopping", signal, drainMs });
  manager.stopping(drainMs);
  try {
    await server.stop(closeReasons.restart, drainMs);
  } catch (error) {
    log.error({ event: "stop-failed", err: error });
    return exitCodes.failed;
  }
  log.info({ event: "stopped" });
  return exitCodes.done;
}

/** Adds the operands, which are domains, to those of the flag. */
function withDomains(sources: Sources, domains: readonly string[]): Sources {
  if (domains.length === 0) return sources;
  const flagged = sources.flags.get("domain")?.value;
  const value = [...(flagged === undefined ? [] : [flagged]), ...domains].join(",");
  return { ...sources, flags: new Map(sources.flags).set("domain", { flag: "--domain", value }) };
}

async function start(
  { values }: ServerConfiguration,
  given: Pick<ServerOptions, "log" | "recent" | "configuration">,
  stderr: Output,
): Promise<RunningServer | undefined> {
  try {
    return await startServer({ ...serverOptionsOf(values), ...given });
  } catch (error) {
    const message = describeStartError(error, values);
    if (message === undefined) {
      given.log.debug({ event: "start-failed", err: error });
      stderr.write(describeUnexpected(error, false));
    } else stderr.write(`yurt: ${message}\n`);
    return undefined;
  }
}

async function bannerOf(server: RunningServer, { values, file }: ServerConfiguration): Promise<string> {
  const { database, dataFolder, dataFolderIsNew, https } = server;
  const auth = authOptionsOf(values);
  const publicUrl = values["public-url"];
  const link = auth.mode === "token" ? await demoLink(server, values["limits.token-ms"]) : undefined;
  const linkForAdministrator = await dashboardLink(server);
  const isOwnSecret = (auth.webhook ?? auth).secrets.length === 0;
  return banner({
    version,
    readyMs: performance.now(),
    endpoints: [...server.endpoints, ...turnEndpoint(advertisedTurn(server, values))],
    ...(server.metricsUrl !== undefined && { metricsUrl: server.metricsUrl }),
    ...(file !== undefined && { configurationFile: file.path }),
    ...(database !== undefined && { database }),
    ...(dataFolder !== undefined && { data: { folder: dataFolder, isNew: dataFolderIsNew } }),
    // No certificate is for an address.
    networkUrls:
      https === undefined
        ? networkAddresses(server.host).map((address) => `http://${authorityOf(address, server.port)}/`)
        : [],
    ...(https !== undefined && { https }),
    ...(publicUrl !== undefined && { publicUrl: { isEncrypted: publicUrl.protocol === "https:", local: server.url } }),
    isLoopback: isLoopback(server.host),
    mode: auth.mode,
    ...(link !== undefined && { demoLink: link }),
    ...(linkForAdministrator !== undefined && { dashboardLink: linkForAdministrator }),
    ...(dataFolder !== undefined &&
      values["cluster.url"] === undefined &&
      auth.mode !== "open" &&
      isOwnSecret && { secretsFile: `${dataFolder}/secrets.json` }),
  });
}

function advertisedTurn({ turn: { listening } }: RunningServer, values: ServerConfiguration["values"]): AdvertisedTurn {
  return { listening, advertised: values["turn.advertise"] };
}

function endOnCrash(log: Log): void {
  const end = (error: unknown) => {
    log.fatal({ event: "crashed", err: error });
    process.exit(exitCodes.failed);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
