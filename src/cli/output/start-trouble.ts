import type { SettingValues } from "../../composition/settings.ts";
import { describeDataTrouble } from "./data-trouble.ts";

/** Why the server could not start and what to do; undefined when it is not the surroundings' fault. */
export function describeStartTrouble(error: unknown, { host, port, data }: SettingValues): string | undefined {
  const listens = error instanceof Error && "syscall" in error && error.syscall === "listen";
  if (!listens) return describeDataTrouble(error, data);
  const refused = "port" in error && typeof error.port === "number" ? error.port : port;
  return listenTrouble("code" in error ? error.code : undefined, host, {
    port: refused,
    flag: refused === port ? "--port" : "--compat-ports",
  });
}

function listenTrouble(
  code: unknown,
  host: string,
  { port, flag }: { readonly port: number; readonly flag: string },
): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use. Choose another with ${flag}, or stop the program that uses it.`;
    case "EADDRNOTAVAIL":
      return `This machine has no address ${host}. Choose another with --host.`;
    case "EACCES":
      return `Port ${port} is reserved for the administrator. Choose one above 1023 with ${flag}.`;
    default:
      return undefined;
  }
}
