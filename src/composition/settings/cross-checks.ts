import type { Setting, Settings } from "../../config/load.ts";
import { describeOrigin, type Problem, shownValue } from "../../config/problem.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { options } from "./options.ts";

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
export function crossProblems(settings: Settings): readonly Problem[] {
  return [...scopeProblems(settings), ...modeProblems(settings)];
}

/** A server that other machines can reach, directly or through a proxy, needs an access mode, even if it is `open`. */
function scopeProblems(settings: Settings): readonly Problem[] {
  const mode = settings.get("auth.mode");
  const opener = openerIn(settings);
  if (opener === undefined || mode?.origin.from !== "default") return [];
  const { origin } = opener;
  const remedy =
    `${asGiven(opener)} exposes Yurt to your network, so choose who can connect: --auth-mode token (recommended), ` +
    `webhook, or open (anyone). To stay local, drop ${origin.from === "flag" ? origin.flag : "that setting"}.`;
  return [{ setting: "auth.mode", value: undefined, origin: mode.origin, remedy }];
}

/** The setting by which other machines can reach the server. */
function openerIn(settings: Settings): Setting | undefined {
  const host = settings.get("host");
  if (typeof host?.value === "string" && !isLoopback(host.value)) return host;
  const publicUrl = settings.get("public-url");
  return publicUrl?.value instanceof URL && !isLoopback(publicUrl.value.hostname) ? publicUrl : undefined;
}

function modeProblems(settings: Settings): readonly Problem[] {
  const mode = settings.get("auth.mode");
  // An invalid mode is a problem of its own.
  if (mode === undefined) return [];
  return [...missingUrl(mode, settings), ...Object.entries(usedBy).flatMap(unusedIn(mode, settings))];
}

function missingUrl({ value: mode }: Setting, settings: Settings): readonly Problem[] {
  const url = settings.get("auth.webhook-url");
  if (mode !== "webhook" || url?.origin.from !== "default") return [];
  const remedy = "--auth-mode webhook asks your app who can connect. Give its URL with --auth-webhook-url.";
  return [{ setting: "auth.webhook-url", value: undefined, origin: url.origin, remedy }];
}

function unusedIn(mode: Setting, settings: Settings) {
  return ([name, user]: [string, string]): readonly Problem[] => {
    // Object.entries forgets the literal types.
    const key = name as keyof typeof usedBy;
    const setting = settings.get(key);
    if (setting?.text === undefined || mode.value === user) return [];
    const value = shownValue(options[key], setting.text);
    const now =
      mode.value === undefined ? "no mode is set" : `the mode is ${mode.value} (${describeOrigin(mode.origin)})`;
    const remedy = `It only has an effect with --auth-mode ${user}, but ${now}. Set that mode, or remove this setting.`;
    return [{ setting: key, value, origin: setting.origin, remedy }];
  };
}

/** `--host 0.0.0.0`, or `YURT_HOST=0.0.0.0`. */
function asGiven({ text, origin }: Setting): string {
  switch (origin.from) {
    case "flag":
      return `${origin.flag} ${text}`;
    case "environment":
      return `${origin.variable}=${text}`;
    case "default":
      return `The default ${text}`;
  }
}
