import { isIP } from "node:net";
import type { SettingValues } from "../../composition/settings/settings.ts";
import { turnHostsOf } from "../../composition/settings/turn/turn-settings.ts";
import { CertificateUnusable } from "../../tls/certificate.ts";
import { describeDataError } from "./data-errors.ts";

/** Why the server could not start, and the remedy; undefined for an error that the environment did not cause. */
export function describeStartError(
  error: unknown,
  {
    host,
    port,
    data,
    ...values
  }: Pick<SettingValues, "host" | "port" | "data" | "metrics.listen" | "turn.listen" | "public-url">,
): string | undefined {
  if (error instanceof CertificateUnusable) return `${error.message}. Correct the file, or name another.`;
  const turn = describeTurnError(error, { ...values, host });
  if (turn !== undefined) return turn;
  const listens = error instanceof Error && "syscall" in error && error.syscall === "listen";
  if (!listens) return describeDataError(error, data);
  const metrics = values["metrics.listen"];
  if (metrics !== undefined && "setting" in error && error.setting === "metrics.listen") {
    const code = "code" in error ? error.code : undefined;
    return describeListenError(code, metrics.host, {
      port: metrics.port,
      flag: "--metrics-listen",
      hostFlag: "--metrics-listen",
    });
  }
  const refused = "port" in error && typeof error.port === "number" ? error.port : port;
  return describeListenError("code" in error ? error.code : undefined, host, {
    port: refused,
    flag: flagOfPort(error, refused === port),
    hostFlag: "--host",
  });
}

function describeTurnError(error: unknown, values: Parameters<typeof turnHostsOf>[0]): string | undefined {
  const setting = error instanceof Error && "setting" in error ? error.setting : undefined;
  if (setting !== "turn.port" && setting !== "turn.tls-port") return undefined;
  const { port, code } = error as { readonly port?: number; readonly code?: unknown };
  return describeListenError(code, turnHostsOf(values).join(", "), {
    port: port ?? 0,
    flag: `--${setting.replace(".", "-")}`,
    hostFlag: "--turn-listen",
  });
}

function flagOfPort(error: Error, isFirst: boolean): string {
  if ("setting" in error && error.setting === "tls.http-port") return "--tls-http-port";
  return isFirst ? "--port" : "--compat-ports";
}

function describeUnknownName(host: string, flag: string): string {
  return `The host name ${host} cannot be resolved. Choose an address of this machine with ${flag}.`;
}

function describeListenError(
  code: unknown,
  host: string,
  { port, flag, hostFlag }: { readonly port: number; readonly flag: string; readonly hostFlag: string },
): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use. Choose another with ${flag}, or stop the program that uses it.`;
    case "EADDRNOTAVAIL":
      return `This machine has no address ${host}. Choose another with ${hostFlag}.`;
    case "EACCES":
      return `Port ${port} is not permitted. Ports below 1024 need root or setcap cap_net_bind_service=+ep; choose another with ${flag}.`;
    case "EINVAL":
      // The system refuses a link-local address without an interface. The runtime refuses a name that is not resolved.
      return isIP(host) === 0
        ? describeUnknownName(host, hostFlag)
        : `The address ${host} needs its interface: ${hostFlag} ${host}%eth0.`;
    case "ENOENT":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return describeUnknownName(host, hostFlag);
    case "EAFNOSUPPORT":
      return `This machine does not support the address ${host}. Choose another with ${hostFlag}.`;
    default:
      return undefined;
  }
}
