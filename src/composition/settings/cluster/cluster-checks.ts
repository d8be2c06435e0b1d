import { sslModes, unknownSslMode } from "../../../config/database-url.ts";
import type { Setting, Settings } from "../../../config/load.ts";
import { type Origin, type SettingProblem, shownValue } from "../../../config/problem.ts";
import { type OptionKey, options } from "../options.ts";
import { inSpellingOf } from "../spelling.ts";

/** The settings that only a database uses. */
const ofCluster = ["cluster.password", "cluster.ca-file"] as const;

/** The settings of documents in the data folder, and what an operator does instead. */
const ofFiles: Readonly<Partial<Record<OptionKey, string>>> = {
  "backup.every": "Back up the database: with pg_dump, or an archive of its write-ahead log",
  "backup.folder": "Back up the database: with pg_dump, or an archive of its write-ahead log",
  "backup.command": "Back up the database: with pg_dump, or an archive of its write-ahead log",
  "sync.durability": "An update is acknowledged when Postgres has committed it: see its setting synchronous_commit",
  "sync.ack-window": "An update is acknowledged when Postgres has committed it, without a further wait",
};

/** Finds the settings that do not go together with a shared database, or without one. */
export function clusterProblems(settings: Settings): readonly SettingProblem[] {
  const url = settings.get("cluster.url");
  // An invalid URL is a problem of its own.
  if (url === undefined) return [];
  if (!(url.value instanceof URL)) return ofCluster.flatMap((key) => problemOf(key, settings, unused));
  const database = url.value;
  const mode = unknownSslMode(database);
  return [
    ...(mode === undefined ? [] : problemOf("cluster.url", settings, () => unknownMode(mode))),
    ...Object.entries(ofFiles).flatMap(([key, remedy]) =>
      // Object.entries forgets the literal types.
      problemOf(key as OptionKey, settings, () => `The documents are in the database of cluster.url. ${remedy}.`),
    ),
    ...(hasPassword(database) ? problemOf("cluster.password", settings, () => secondPassword) : []),
    ...(verifies(database) ? [] : problemOf("cluster.ca-file", settings, () => unverified(database, url.origin))),
  ];
}

function problemOf(
  key: OptionKey,
  settings: Settings,
  remedyFor: (setting: Setting, key: OptionKey) => string,
): readonly SettingProblem[] {
  const setting = settings.get(key);
  // `off` is what holds without the setting.
  if (setting?.written === undefined || setting.value === "off") return [];
  const { origin, written } = setting;
  return [{ setting: key, value: shownValue(options[key], written), origin, remedy: remedyFor(setting, key) }];
}

function unused({ origin }: Setting): string {
  return `It only has an effect with ${inSpellingOf(origin, "cluster.url")}. Set that, or remove this setting.`;
}

const secondPassword = "The URL of the database has a password as well. Give one of them.";

function unknownMode(mode: string): string {
  return `There is no sslmode=${mode}. Use one of ${sslModes.slice(0, -1).join(", ")} and ${sslModes.at(-1)}.`;
}

function unverified(url: URL, origin: Origin): string {
  const mode = url.searchParams.get("sslmode");
  // A command has a flag of its own for the URL.
  const setting = origin.from === "flag" ? origin.flag : "cluster.url";
  return `With sslmode=${mode} in ${setting} the certificate is not verified. Use sslmode=verify-full.`;
}

function hasPassword(url: URL): boolean {
  return url.password !== "" || url.searchParams.has("password");
}

/** With the file and without a mode the certificate is verified. An unknown mode is a problem of its own. */
function verifies(url: URL): boolean {
  const mode = url.searchParams.get("sslmode");
  return ["verify-ca", "verify-full", null].includes(mode) || unknownSslMode(url) !== undefined;
}
