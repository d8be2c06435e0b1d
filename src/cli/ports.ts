import { tlsModeOf } from "../composition/settings/https/https-settings.ts";
import { loadSettings, type SettingValues } from "../composition/settings/settings.ts";
import { turnHostsOf, usualTurnPort, usualTurnTlsPort } from "../composition/settings/turn/turn-settings.ts";
import { isLoopback } from "../lib/address/loopback.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { type ListColumn, RowWriter } from "./output/records.ts";

/** A port on which clients reach the server, or the reverse proxy before it. */
interface UsedPort {
  /** `443/tcp` or `49152-65535/udp`, as firewalls write it. */
  readonly port: string;
  /** `yes` if clients need it; `no` if a firewall should refuse it; `local` if only this machine reaches it anyway. */
  readonly open: "yes" | "no" | "local";
  readonly purpose: string;
}

const widestPort = "49152-65535/udp";

const columns: readonly ListColumn<keyof UsedPort>[] = [
  { key: "port", title: "PORT", kind: "word", width: widestPort.length },
  { key: "open", title: "OPEN", kind: "word", width: 5 },
  { key: "purpose", title: "PURPOSE", kind: "name" },
];

/** Lists the ports of a server with this configuration, and whether to open each in the firewall. */
export async function listPorts(input: CommandInput): Promise<number> {
  const loaded = loadSettings(input.sources);
  if (!loaded.ok) {
    input.stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  await new RowWriter(input, columns).write(portsOf(loaded.configuration.values).map((row) => ({ ...row })));
  return exitCodes.done;
}

function portsOf(values: SettingValues): readonly UsedPort[] {
  const { host, "compat-ports": compatibilityPorts, "metrics.listen": metrics } = values;
  const isEncrypted = tlsModeOf(values) !== "off";
  const proxy = isEncrypted ? undefined : proxyPort(values);
  // Behind a proxy, clients that reach Yurt itself would avoid HTTPS.
  const open = isLoopback(host) ? "local" : proxy === undefined ? "yes" : "no";
  const protocol = isEncrypted ? "HTTPS and WebSockets" : "HTTP and WebSockets";
  const purpose = proxy === undefined ? protocol : `${protocol}, only from the reverse proxy`;
  return [
    ...(proxy === undefined ? [] : [proxy]),
    { port: named(values.port), open, purpose },
    ...(isEncrypted ? httpPort(values, open) : []),
    ...compatibilityPorts.map((port) => ({
      port: named(port),
      open: isLoopback(host) ? ("local" as const) : ("yes" as const),
      purpose: "clients whose port is fixed (compat-ports)",
    })),
    ...turnPorts(values),
    ...(metrics === undefined ? [] : [metricsPort(metrics)]),
  ];
}

function proxyPort({ "public-url": publicUrl }: SettingValues): UsedPort | undefined {
  if (publicUrl === undefined || isLoopback(publicUrl.hostname)) return undefined;
  const port = Number(publicUrl.port || (publicUrl.protocol === "https:" ? 443 : 80));
  return { port: named(port), open: "yes", purpose: `the reverse proxy that serves ${publicUrl.href}` };
}

function httpPort(values: SettingValues, open: UsedPort["open"]): readonly UsedPort[] {
  const { "tls.http-port": port, "tls.redirect.enabled": isRedirecting } = values;
  if (port === undefined) return [];
  // The authority asks port 80 of the domain, whatever port the server has.
  const challenges = `ACME challenges${port === 80 ? "" : " (forward port 80 of the domain to it)"}`;
  const purposes = [
    ...(tlsModeOf(values) === "auto" ? [challenges] : []),
    ...(isRedirecting ? ["the redirect to HTTPS"] : []),
  ];
  return [{ port: named(port), open, purpose: purposes.join(", ") }];
}

function metricsPort({ host, port }: { readonly host: string; readonly port: number }): UsedPort {
  return {
    port: named(port),
    open: isLoopback(host) ? "local" : "no",
    purpose: "metrics without a token, only for Prometheus",
  };
}

/** The ports of TURN, which clients reach directly, also behind a reverse proxy. */
function turnPorts(values: SettingValues): readonly UsedPort[] {
  const { "turn.enabled": isEnabled, "turn.port": port = usualTurnPort } = values;
  if (!isEnabled) return [];
  const open = turnHostsOf(values).every(isLoopback) ? "local" : "yes";
  const { first, last } = values["turn.relay-ports"];
  const tls = { port: named(values["turn.tls-port"] ?? usualTurnTlsPort), open, purpose: "TURN over TLS" } as const;
  return [
    { port: named(port, "udp"), open, purpose: "STUN and TURN" },
    { port: named(port), open, purpose: "TURN for clients without UDP" },
    ...(tlsModeOf(values) === "off" ? [] : [tls]),
    { port: `${first}-${last}/udp`, open, purpose: "relayed transport addresses of TURN" },
  ];
}

/** 0 takes any free port. */
function named(port: number, protocol: "tcp" | "udp" = "tcp"): string {
  return `${port === 0 ? "any" : port}/${protocol}`;
}
