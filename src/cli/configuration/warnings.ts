import { optionKeys, options } from "../../composition/settings/options.ts";
import type { ServerConfiguration } from "../../composition/settings/settings.ts";
import { fileVariableOf, variableOf } from "../../config/option.ts";
import { describePosition } from "../../config/problem.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { fileOrigin, opaqueOrigin } from "../../lib/web-origin/web-origin.ts";

/** A setting that is accepted, and is probably not what the operator wants. */
export interface ConfigurationWarning {
  /** The event of the log and its fields. */
  readonly fields: { readonly event: string } & Readonly<Record<string, string | undefined>>;
  /** The same for people: what is wrong and the remedy. */
  readonly text: string;
}

/** Everything in a valid configuration that the operator should know. */
export function configurationWarnings(configuration: ServerConfiguration): readonly ConfigurationWarning[] {
  return [
    ...unknownVariables(configuration),
    ...exposedSecrets(configuration),
    ...replacedSettings(configuration),
    ...sharedOrigins(configuration),
    ...openServer(configuration),
    ...openMetrics(configuration),
  ];
}

function unknownVariables({ unknownVariables: unknown }: ServerConfiguration): readonly ConfigurationWarning[] {
  return unknown.map(({ variable, nearest }) => ({
    fields: { event: "unknown-variable", variable, nearest },
    text: `There is no variable ${variable}. ${nearest === undefined ? "Remove it." : `Did you mean ${nearest}?`}`,
  }));
}

/** Every user of this machine can read the command lines of all processes. */
function exposedSecrets({ origins, file }: ServerConfiguration): readonly ConfigurationWarning[] {
  const onCommandLine = optionKeys.flatMap((setting) => {
    const remedy = fileVariableOf(setting, options[setting]);
    if (remedy === undefined || origins[setting].from !== "flag") return [];
    const text = `Every user of this machine can read ${setting} in the command line. Name a file with ${remedy}.`;
    return [{ fields: { event: "secret-on-command-line", setting, remedy }, text }];
  });
  if (file?.exposesSecrets !== true) return onCommandLine;
  const remedy = `Run chmod o-r ${file.path}`;
  const text = `Every user of this machine can read the secrets in ${file.path}. ${remedy}.`;
  return [...onCommandLine, { fields: { event: "secrets-readable-by-others", path: file.path, remedy }, text }];
}

function replacedSettings({ replaced }: ServerConfiguration): readonly ConfigurationWarning[] {
  return replaced.map(({ setting, at, variable }) => {
    const remedy = `Set ${variableOf(setting)}, or unset ${variable}`;
    return {
      fields: { event: "setting-replaced", setting, at: describePosition(at), variable, remedy },
      text: `${setting} (${describePosition(at)}) has no effect, because the variable ${variable} is set. ${remedy}.`,
    };
  });
}

function sharedOrigins({ values }: ServerConfiguration): readonly ConfigurationWarning[] {
  return values["auth.origins"].flatMap((origin) => {
    if (origin !== opaqueOrigin && origin !== fileOrigin) return [];
    const pages = origin === fileOrigin ? "Every local file" : "Every local file and every sandboxed frame";
    const remedy = `${pages} has it, foreign ones too. Serve your page over HTTP instead.`;
    return [{ fields: { event: "shared-origin-allowed", origin, remedy }, text: `Origin ${origin}: ${remedy}` }];
  });
}

function openServer({ values }: ServerConfiguration): readonly ConfigurationWarning[] {
  const { host: address, "auth.mode": mode, "public-url": publicUrl } = values;
  const host = isLoopback(address) ? publicUrl?.hostname : address;
  if (host === undefined || isLoopback(host) || mode !== "open") return [];
  const turn = values["turn.enabled"] ? { turn: "open" } : {};
  const uses = values["turn.enabled"] ? "use the server, and send traffic through its TURN," : "use the server,";
  const text = `Anyone who can reach ${host} can ${uses} because auth.mode is open. Use token or webhook.`;
  return [{ fields: { event: "open-to-everyone", host, ...turn }, text }];
}

function openMetrics({ values }: ServerConfiguration): readonly ConfigurationWarning[] {
  const { host } = values["metrics.listen"] ?? {};
  if (host === undefined || isLoopback(host)) return [];
  const remedy = "Let only Prometheus reach it, or remove metrics.listen and use metrics.token";
  const text = `Anyone who can reach ${host} at the port of metrics.listen can read the metrics. ${remedy}.`;
  return [{ fields: { event: "metrics-open-to-everyone", host, remedy }, text }];
}
