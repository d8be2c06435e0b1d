import { tlsModeOf } from "../composition/settings/https/https-settings.ts";
import { loadSettings, type SettingValues } from "../composition/settings/settings.ts";
import { isLoopback } from "../lib/address/loopback.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { type ListColumn, RowWriter } from "./output/records.ts";

/** A port on which clients reach the server, or the reverse proxy before it. */
interface UsedPort {
  /** `443/tcp`, as firewalls write it. */
  readonly port: string;
  /** `yes` if clients need it; `no` if a firewall should refuse it; `local` if only this machine reaches it anyway. */
  readonly open: "yes" | "no" | "local";
  readonly purpose: string;
}

const columns: readonly ListColumn<keyof UsedPort>[] = [
  { key: "port", title: "PORT", kind: "word" },
  { key: "open", title: "OPEN", kind: "word" },
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

/** 0 takes any free port. */
function named(port: number): string {
  return port === 0 ? "any/tcp" : `${port}/tcp`;
}
