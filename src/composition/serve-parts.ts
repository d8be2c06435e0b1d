import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Pulse } from "../lib/time/pulse.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { OriginPolicy } from "../transport/admission/origin-policy.ts";
import type { CloseReason } from "../transport/close-reason.ts";
import { createHttp } from "../transport/http.ts";
import { Listener, type ListenerOptions } from "../transport/listener.ts";
import type { Encryption, ServedCertificate } from "../transport/listening/port-servers.ts";
import type { NativeChannels } from "../transport/native-channel.ts";
import type { Outboxes } from "../transport/outboxes/outboxes.ts";
import type { Assets } from "../transport/pages/assets.ts";
import type { Scheduler } from "../transport/scheduling/scheduler.ts";
import { openMonitoring } from "./monitoring.ts";
import type { Part } from "./part.ts";
import type { ServerOptions, ServerSettings } from "./server-options.ts";
import type { Limits } from "./settings/limits.ts";

export interface ServePartsOptions
  extends Pick<ServerOptions, "host" | "port" | "compatibilityPorts" | "basePath" | "proxies" | "metricsAddress"> {
  readonly addresses: CountedAddresses;
  /** As `ListenerOptions.encryption`. */
  readonly encryption?: Encryption | undefined;
  /** Answers the requests that no route of a part answers. */
  readonly assets: Assets;
  readonly channels: NativeChannels;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly limits: Limits;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly originPolicy: OriginPolicy;
  readonly scheduler: Scheduler;
  readonly outboxes: Outboxes;
}

/** Parts that clients can reach. */
export interface ServedParts {
  readonly port: number;
  readonly compatibilityPorts: readonly number[];
  /** The base URL of HTTP on this machine or its network, without a slash at the end. */
  readonly url: string;
  /** The URL of the metrics on an address of their own; undefined without one. */
  readonly metricsUrl: string | undefined;
  /** The endpoints under the public URL, if there is one. */
  readonly endpoints: readonly { readonly label: string; readonly url: string }[];
  /**
   * Refuses new connections and says that the server is not ready, closes the connections with `reason` in waves within
   * `drainMs`, drains the parts in order, closes the last connections, and frees the ports. Idempotent: later calls wait
   * for the first. The parts stay open.
   *
   * A step that fails does not keep the next ones from running: afterwards an `AggregateError` has all their errors.
   */
  close(reason: CloseReason, drainMs?: number): Promise<void>;
  /**
   * Takes over the reloadable settings, of all parts.
   *
   * A part that fails keeps its former settings, and does not keep the others from their new ones: afterwards an
   * `AggregateError` has the errors.
   */
  reload(next: ServerSettings): Promise<void>;
  /** Why the server is not ready, as sentences without full stops; none if it is. */
  whyNotReady(): readonly string[];
  /** As `PortServers.replaceCertificate`. */
  replaceCertificate(certificate: ServedCertificate): void;
}

/** Throws the system's error (EADDRINUSE, EACCES, …), with the `port`, when it cannot listen; every port is free then. */
export function serveParts(parts: readonly Part[], options: ServePartsOptions): ServedParts {
  const protocols = parts.flatMap((part) => part.protocols ?? []);
  let closing: Promise<void> | undefined;
  const whyNotReady = () =>
    closing === undefined ? parts.flatMap((part) => part.whyNotReady?.() ?? []) : ["the server stops"];
  const http = {
    protocols,
    routes: parts.flatMap(({ routes }) => routes ?? []),
    originPolicy: options.originPolicy,
    whyNotReady,
    readinessDetail: () => Object.assign({}, ...parts.map((part) => part.readinessDetail?.())),
    assets: options.assets,
    basePath: options.basePath,
  };
  options.metrics.ready.readFrom(() => (whyNotReady().length === 0 ? 1 : 0));
  const { metricsAddress: address } = options;
  const monitoring = address && openMonitoring({ ...options, ...http, address });
  const listener = listenOr(() => void monitoring?.close(), {
    ...options,
    protocols,
    engines: parts.flatMap((part) => part.engines ?? []),
    segmentPrefixes: parts.flatMap((part) => part.segmentPrefixes ?? []),
    fetch: createHttp(http).fetch,
    compatibility: {
      ports: options.compatibilityPorts,
      fetch: createHttp({ ...http, isForCompatibility: true }).fetch,
    },
  });
  const close = (reason: CloseReason, drainMs: number) => {
    const settle = async () => {
      await Promise.all(parts.map((part) => part.settle?.()));
    };
    const waves = () => listener.closeInWaves({ reason, durationMs: drainMs, settle });
    const drains = parts.map((part) => () => part.drain?.(reason));
    // To the end the monitoring says that the server is not ready.
    const ends = [() => listener.close(reason), () => monitoring?.close()];
    return attemptAll([waves, ...drains, ...ends], "The server did not stop cleanly.");
  };
  const base = options.originPolicy.publicUrl?.href.replace(/\/$/, "") ?? listener.url;
  return {
    port: listener.port,
    compatibilityPorts: listener.compatibilityPorts,
    url: listener.url,
    metricsUrl: monitoring && `${monitoring.url}/metrics`,
    endpoints: parts.flatMap(({ endpoints = [] }) =>
      endpoints.map(({ label, scheme, path }) => ({ label, url: base.replace(/^http/, scheme) + path })),
    ),
    close: (reason, drainMs = 0) => {
      closing ??= close(reason, drainMs);
      return closing;
    },
    whyNotReady,
    replaceCertificate: (certificate) => listener.replaceCertificate(certificate),
    reload: (next) => {
      listener.trust(next.proxies);
      return attemptAll(
        parts.map((part) => () => part.reload?.(next)),
        "Not every part has taken over its new settings.",
      );
    },
  };
}

function listenOr(failed: () => void, options: ListenerOptions): Listener {
  try {
    return new Listener(options);
  } catch (error) {
    failed();
    throw error;
  }
}

/** Runs all steps, one after the other. Then throws an `AggregateError` with `message` if some have failed. */
async function attemptAll(steps: readonly (() => void | Promise<void>)[], message: string): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, message);
}
