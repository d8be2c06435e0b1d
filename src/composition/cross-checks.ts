import type { Setting, Settings } from "../config/load.ts";
import { flagOf } from "../config/option.ts";
import { describeOrigin, type Problem, shownValue } from "../config/problem.ts";
import { isLoopback } from "../lib/address/loopback.ts";
import { options } from "./options.ts";

/** What one mode uses and another would pass over without a word: whoever sets it believes that somebody is kept out. */
const usedBy = {
  "auth.jwks": "token",
  "auth.webhook-url": "webhook",
  "auth.webhook-secret": "webhook",
} as const;

/**
 * The settings that do not go together, each fine by itself.
 *
 * `auth.secret`, `auth.issuer` and `auth.audience` go with every mode: tokens for the administration are checked in all.
 */
export function crossProblems(settings: Settings): readonly Problem[] {
  return [...scopeProblems(settings), ...modeProblems(settings)];
}

/** Safe by scope: who opens the server to other machines must have said who may enter. */
function scopeProblems(settings: Settings): readonly Problem[] {
  const host = settings.get("host");
  const mode = settings.get("auth.mode");
  if (typeof host?.value !== "string" || isLoopback(host.value) || mode?.origin.from !== "default") return [];
  const remedy =
    `Other machines can reach ${host.value} (${describeOrigin(host.origin)}). Say who may enter, with --auth-mode ` +
    "open (everyone who reaches it), token (who has a token) or webhook (whom your application lets in); " +
    "else listen on 127.0.0.1.";
  return [{ setting: "auth.mode", value: undefined, origin: mode.origin, remedy }];
}

function modeProblems(settings: Settings): readonly Problem[] {
  const mode = settings.get("auth.mode");
  // Nobody knows what was meant.
  if (mode === undefined) return [];
  return [...missingUrl(mode, settings), ...Object.entries(usedBy).flatMap(unusedIn(mode, settings))];
}

function missingUrl({ value: mode }: Setting, settings: Settings): readonly Problem[] {
  const url = settings.get("auth.webhook-url");
  if (mode !== "webhook" || url?.origin.from !== "default") return [];
  const remedy = `--auth-mode webhook asks your application who may enter: give its URL with ${flagOf("auth.webhook-url", options["auth.webhook-url"])}.`;
  return [{ setting: "auth.webhook-url", value: undefined, origin: url.origin, remedy }];
}

function unusedIn(mode: Setting, settings: Settings) {
  return ([name, user]: [string, string]): readonly Problem[] => {
    // Object.entries forgets the literal types.
    const key = name as keyof typeof usedBy;
    const setting = settings.get(key);
    if (typeof setting?.value !== "string" || setting.origin.from === "default" || mode.value === user) return [];
    const value = shownValue(options[key], setting.value);
    const now = mode.value === undefined ? "no mode is set" : `it is ${mode.value} (${describeOrigin(mode.origin)})`;
    const remedy = `It is used with --auth-mode ${user} alone, and ${now}. Set that mode, or leave this out.`;
    return [{ setting: key, value, origin: setting.origin, remedy }];
  };
}
