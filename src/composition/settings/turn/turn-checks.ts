import type { Setting, Settings } from "../../../config/load.ts";
import { type SettingProblem, shownValue } from "../../../config/problem.ts";
import { httpPort, httpsPort } from "../https/https-settings.ts";
import { type OptionKey, options } from "../options.ts";
import { inSpellingOf } from "../spelling.ts";

/** The TCP ports that TURN cannot share. */
const httpPorts = ["port", "tls.http-port"] as const;
const turnPorts = ["turn.port", "turn.tls-port"] as const;

/** Finds settings of STUN and TURN that are valid by themselves but not together. */
export function turnProblems(settings: Settings, facts: { readonly isEncrypted: boolean }): readonly SettingProblem[] {
  return [
    ...sharedPorts(settings),
    ...(facts.isEncrypted ? [] : needlessTlsPort(settings)),
    ...needlessStunServer(settings),
    ...halfCredential(settings),
  ];
}

function sharedPorts(settings: Settings): readonly SettingProblem[] {
  if (settings.get("turn.enabled")?.value !== true) return [];
  return turnPorts.flatMap((key) => {
    const setting = given(key, settings);
    if (setting === undefined || setting.value === 0) return [];
    const others: readonly OptionKey[] = [...httpPorts, ...turnPorts];
    const same = others.find((other) => other !== key && portOf(other, settings) === setting.value);
    // Equal ports of TURN are reported once.
    if (same === undefined || (key === "turn.port" && same === "turn.tls-port")) return [];
    const remedy = `${inSpellingOf(setting.origin, same)} has the same port. Choose another.`;
    return [problem(key, setting, remedy)];
  });
}

/** The value of a setting of a port; with a domain, its default is another. */
function portOf(key: OptionKey, settings: Settings): unknown {
  const setting = settings.get(key);
  const domain = settings.get("domain")?.value;
  const isDefault = setting?.origin.from === "default" && Array.isArray(domain) && domain.length > 0;
  if (isDefault && key === "port") return httpsPort;
  return isDefault && key === "tls.http-port" ? httpPort : setting?.value;
}

function needlessTlsPort(settings: Settings): readonly SettingProblem[] {
  const setting = given("turn.tls-port", settings);
  if (setting === undefined) return [];
  const remedy =
    "TURN over TLS needs the certificate of HTTPS, which is off. " +
    `Set ${inSpellingOf(setting.origin, "domain")} or certificate files, or remove this setting.`;
  return [problem("turn.tls-port", setting, remedy)];
}

function needlessStunServer(settings: Settings): readonly SettingProblem[] {
  const setting = given("turn.stun-server", settings);
  const external = settings.get("turn.external-address");
  if (setting === undefined || external === undefined || external.value === "auto") return [];
  const remedy =
    `It has no effect while ${inSpellingOf(external.origin, "turn.external-address")} gives the address. ` +
    "Remove one of them.";
  return [problem("turn.stun-server", setting, remedy)];
}

function halfCredential(settings: Settings): readonly SettingProblem[] {
  const keys = ["turn.advertise-username", "turn.advertise-credential"] as const;
  const [username, credential] = keys.map((key) => given(key, settings));
  const [half, missing] = username === undefined ? [keys[1], keys[0]] : [keys[0], keys[1]];
  const setting = username ?? credential;
  if (setting === undefined || (username !== undefined && credential !== undefined)) return [];
  const remedy = `It needs ${inSpellingOf(setting.origin, missing)}. Set it, or remove this setting.`;
  return [problem(half, setting, remedy)];
}

function given(key: OptionKey, settings: Settings): Setting | undefined {
  const setting = settings.get(key);
  return setting?.written === undefined || setting.origin.from === "default" ? undefined : setting;
}

function problem(key: OptionKey, { written, origin }: Setting, remedy: string): SettingProblem {
  const value = written === undefined ? undefined : shownValue(options[key], written);
  return { setting: key, value, origin, remedy };
}
