import type { Configuration } from "../../../config/load.ts";
import type { Values } from "../../../config/option.ts";
import { authorityOf, reachableHost } from "../../../lib/address/authority.ts";
import type { HttpsOptions } from "../../server-options.ts";
import type { options } from "../options.ts";
import type { TlsMode } from "./https-options.ts";

type AllValues = Values<typeof options>;

/** All addresses; `::` takes IPv4 too. */
const anyAddress = "::";
/** The defaults with a domain. */
export const httpsPort = 443;
export const httpPort = 80;

/** The mode that is in effect: the chosen one, else the one that the other settings ask for. */
export function tlsModeOf(values: Pick<AllValues, "tls.mode" | "tls.cert" | "tls.key" | "domain">): TlsMode {
  const { "tls.mode": chosen, "tls.cert": cert, "tls.key": key, domain } = values;
  if (chosen !== undefined) return chosen;
  if (cert !== undefined || key !== undefined) return "files";
  return domain.length > 0 ? "auto" : "off";
}

/** With a domain, the defaults of host, port, HTTP port and public URL are those of a public HTTPS server. */
export function withDomainDefaults(configuration: Configuration<typeof options>): Configuration<typeof options> {
  const { values, inputs, origins } = configuration;
  const [domain] = values.domain;
  if (domain === undefined) return configuration;
  const port = origins.port.from === "default" ? httpsPort : values.port;
  const defaults = {
    host: origins.host.from === "default" ? anyAddress : values.host,
    port,
    "tls.http-port": values["tls.http-port"] ?? (opensHttpPort(values) ? httpPort : undefined),
  };
  const publicUrl = values["public-url"] ?? urlOf(domain, port);
  return {
    ...configuration,
    values: { ...values, ...defaults, "public-url": publicUrl },
    inputs: { ...inputs, ...defaults, "public-url": inputs["public-url"] ?? publicUrl?.href },
  };
}

function opensHttpPort(values: AllValues): boolean {
  return values["tls.redirect.enabled"] || tlsModeOf(values) === "auto";
}

/** Undefined for port 0: the port is not known before the server listens. */
function urlOf(domain: string, port: number): URL | undefined {
  return port === 0 ? undefined : new URL(`https://${domain}:${port}`);
}

/**
 * The URL of a server with these settings for a client on this machine, without a slash at the end; undefined for port 0.
 * With HTTPS, the certificate is not for the host of this URL.
 */
export function localUrlOf(
  values: Pick<AllValues, "host" | "port"> & Parameters<typeof tlsModeOf>[0],
): string | undefined {
  const { host, port } = values;
  if (port === 0) return undefined;
  const scheme = tlsModeOf(values) === "off" ? "http" : "https";
  return `${scheme}://${authorityOf(reachableHost(host), port)}`;
}

/** Undefined for a server without HTTPS. The checks between settings require what each mode needs. */
export function httpsOptionsOf(values: AllValues): HttpsOptions | undefined {
  const mode = tlsModeOf(values);
  if (mode === "off") return undefined;
  const { domain: domains, "tls.http-port": port, "tls.redirect.enabled": isRedirecting } = values;
  const { "tls.acme-email": email, "tls.acme-ca": authorityRoots } = values;
  const files = { certificate: values["tls.cert"] ?? "", key: values["tls.key"] ?? "" };
  const acme = {
    directoryUrl: values["tls.acme-directory"],
    ...(email !== undefined && { email }),
    ...(authorityRoots !== undefined && { authorityRoots }),
  };
  return {
    domains,
    ...(port !== undefined && { http: { port, isRedirecting } }),
    ...(mode === "files" ? { files } : { acme }),
  };
}
