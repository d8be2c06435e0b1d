import type { Setting, Settings } from "../../../config/load.ts";
import { describeOrigin, type SettingProblem, shownValue } from "../../../config/problem.ts";
import { options } from "../options.ts";
import { inSpellingOf } from "../spelling.ts";
import type { TlsMode } from "./https-options.ts";
import { tlsModeOf } from "./https-settings.ts";

/** The settings that only one mode uses. */
const usedBy = {
  "tls.cert": "files",
  "tls.key": "files",
  "tls.acme-email": "auto",
  "tls.acme-ca": "auto",
} as const;

type Key = keyof typeof usedBy | "domain" | "tls.mode";

/** Finds the settings of HTTPS that do not go together, each valid by itself. */
export function httpsProblems(settings: Settings): readonly SettingProblem[] {
  const domain = settings.get("domain");
  // An invalid setting is a problem of its own, and leaves open what the others mean.
  if (!isKnown(settings) || domain === undefined) return [];
  const mode = modeOf(settings);
  const hasDomain = Array.isArray(domain.value) && domain.value.length > 0;
  return [
    ...(mode === "auto" && !hasDomain ? [missing("domain", settings, "a certificate is for a domain")] : []),
    ...(mode === "files" ? (["tls.cert", "tls.key"] as const).flatMap((key) => missingFile(key, settings)) : []),
    ...(mode === "off" && hasDomain ? [plainDomain(domain)] : []),
    // Object.entries forgets the literal types.
    ...Object.entries(usedBy).flatMap(([key, user]) =>
      user === mode ? [] : unused(key as keyof typeof usedBy, mode, settings),
    ),
  ];
}

/** Whether the server does HTTPS; true as long as that is open. */
export function isEncrypted(settings: Settings): boolean {
  return !isKnown(settings) || modeOf(settings) !== "off";
}

function isKnown(settings: Settings): boolean {
  return ["domain", "tls.mode", "tls.cert", "tls.key"].every((key) => settings.has(key));
}

function modeOf(settings: Settings): TlsMode {
  const settingOf = (key: Key) => settings.get(key)?.value;
  // The schemas have returned these values.
  return tlsModeOf({
    "tls.mode": settingOf("tls.mode") as TlsMode | undefined,
    "tls.cert": settingOf("tls.cert") as string | undefined,
    "tls.key": settingOf("tls.key") as string | undefined,
    domain: settingOf("domain") as readonly string[],
  });
}

function missingFile(key: "tls.cert" | "tls.key", settings: Settings): readonly SettingProblem[] {
  return settings.get(key)?.written === undefined ? [missing(key, settings, "certificate files are used")] : [];
}

function missing(key: Key, settings: Settings, reason: string): SettingProblem {
  const origin = settings.get(key)?.origin ?? { from: "default" };
  // The mode, and not the missing setting, was written by the administrator.
  const mode = settings.get("tls.mode")?.origin ?? origin;
  const remedy = `It is needed because ${reason}. Give ${options[key].expected}, with ${inSpellingOf(mode, key)}.`;
  return { setting: key, value: undefined, origin, remedy };
}

function plainDomain({ written: value, origin }: Setting): SettingProblem {
  const remedy =
    `A domain is served over HTTPS, but tls.mode is off. Choose ${inSpellingOf(origin, "tls.mode", "auto")} or files; ` +
    `behind a reverse proxy that handles HTTPS, remove the domain and set ${inSpellingOf(origin, "public-url")}.`;
  return { setting: "domain", value, origin, remedy };
}

function unused(key: keyof typeof usedBy, mode: TlsMode, settings: Settings): readonly SettingProblem[] {
  const setting = settings.get(key);
  if (setting?.written === undefined) return [];
  const { written, origin } = setting;
  const chosen = settings.get("tls.mode");
  const by = chosen?.written === undefined ? "by default" : describeOrigin(chosen.origin);
  const remedy =
    `It only has an effect with ${inSpellingOf(origin, "tls.mode", usedBy[key])}, but the mode is ${mode} (${by}). ` +
    "Set that mode, or remove this setting.";
  return [{ setting: key, value: shownValue(options[key], written), origin, remedy }];
}
