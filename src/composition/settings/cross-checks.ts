import type { Setting, Settings } from "../../config/load.ts";
import { describeOrigin, type SettingProblem, shownValue } from "../../config/problem.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { clusterProblems } from "./cluster/cluster-checks.ts";
import { httpsProblems, isEncrypted } from "./https/https-checks.ts";
import { type OptionKey, options } from "./options.ts";
import { asGiven, inSpellingOf } from "./spelling.ts";
import { turnProblems } from "./turn/turn-checks.ts";

/** Settings that only one mode uses. In another mode they would be ignored, and access would be wider than intended. */
const usedBy = {
  "auth.jwks": "token",
  "auth.webhook-url": "webhook",
  "auth.webhook-secret": "webhook",
} as const;

/**
 * Finds the settings that do not go together, each valid by itself.
 *
 * `auth.secret`, `auth.issuer` and `auth.audience` go with every mode: administration tokens are checked in all modes.
 */
export function crossProblems(settings: Settings): readonly SettingProblem[] {
  return [
    ...scopeProblems(settings),
    ...modeProblems(settings),
    ...clusterProblems(settings),
    ...httpsProblems(settings),
    ...turnProblems(settings, { isEncrypted: isEncrypted(settings) }),
  ];
}

/** A server that other machines can reach, directly or through a proxy, needs an access mode, even if it is `open`. */
function scopeProblems(settings: Settings): readonly SettingProblem[] {
  const mode = settings.get("auth.mode");
  const opener = openerIn(settings);
  if (opener === undefined || mode?.origin.from !== "default") return [];
  const { key, setting } = opener;
  const { origin } = setting;
  const remedy =
    `${asGiven(key, setting)} exposes Yurt to ${key === "domain" ? "the internet" : "your network"}, so choose who can connect: ` +
    `${inSpellingOf(origin, "auth.mode", "token")} (recommended), webhook, or open (anyone). ` +
    `To stay local, drop ${origin.from === "flag" ? origin.flag : "that setting"}.`;
  return [{ setting: "auth.mode", value: undefined, origin: mode.origin, remedy }];
}

/** The setting by which other machines can reach the server. */
function openerIn(settings: Settings): { readonly key: OptionKey; readonly setting: Setting } | undefined {
  const domain = settings.get("domain");
  if (Array.isArray(domain?.value) && domain.value.length > 0) return { key: "domain", setting: domain };
  const host = settings.get("host");
  if (typeof host?.value === "string" && !isLoopback(host.value)) return { key: "host", setting: host };
  const publicUrl = settings.get("public-url");
  if (!(publicUrl?.value instanceof URL) || isLoopback(publicUrl.value.hostname)) return undefined;
  return { key: "public-url", setting: publicUrl };
}

function modeProblems(settings: Settings): readonly SettingProblem[] {
  const mode = settings.get("auth.mode");
  // An invalid mode is a problem of its own.
  if (mode === undefined) return [];
  return [...missingUrl(mode, settings), ...Object.entries(usedBy).flatMap(unusedIn(mode, settings))];
}

function missingUrl({ value: mode, origin }: Setting, settings: Settings): readonly SettingProblem[] {
  const url = settings.get("auth.webhook-url");
  if (mode !== "webhook" || url?.origin.from !== "default") return [];
  const remedy =
    `${inSpellingOf(origin, "auth.mode", "webhook")} asks your app who can connect. ` +
    `Give its URL with ${inSpellingOf(origin, "auth.webhook-url")}.`;
  return [{ setting: "auth.webhook-url", value: undefined, origin: url.origin, remedy }];
}

function unusedIn(mode: Setting, settings: Settings) {
  return ([name, user]: [string, string]): readonly SettingProblem[] => {
    // Object.entries forgets the literal types.
    const key = name as keyof typeof usedBy;
    const setting = settings.get(key);
    if (setting?.written === undefined || mode.value === user) return [];
    const { origin } = setting;
    const value = shownValue(options[key], setting.written);
    const now =
      mode.value === undefined ? "no mode is set" : `the mode is ${mode.value} (${describeOrigin(mode.origin)})`;
    const remedy =
      `It only has an effect with ${inSpellingOf(origin, "auth.mode", user)}, but ${now}. ` +
      "Set that mode, or remove this setting.";
    return [{ setting: key, value, origin, remedy }];
  };
}
