import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that tests run and that a package of the system provides. */
export type Program =
  | "chromium"
  | "firefox"
  | "caddy"
  | "nginx"
  | "zsh"
  | "fish"
  | "prometheus"
  | "promtool"
  | "pebble"
  | "turnserver"
  | "postgres"
  | "pgbouncer"
  | "ip"
  | "nft"
  | "sysctl";

interface Installation {
  /** The Debian package. */
  readonly package: string;
  /** The names of its executable, the preferred first. */
  readonly executables: readonly string[];
  /** An environment variable that names an executable, which takes precedence over PATH. */
  readonly variable?: string;
  /** A folder with a folder for each installed version, whose `bin` has the executable and is not on PATH. */
  readonly versions?: string;
}

const installations: Readonly<Record<Program, Installation>> = {
  chromium: {
    // The same engine without the windows of the browser, whose processes take as much time as the pages.
    package: "chromium-headless-shell",
    executables: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    variable: "CHROME_PATH",
  },
  firefox: { package: "firefox-esr", executables: ["firefox-esr", "firefox"], variable: "FIREFOX_PATH" },
  caddy: { package: "caddy", executables: ["caddy"] },
  nginx: { package: "nginx", executables: ["nginx"] },
  zsh: { package: "zsh", executables: ["zsh"] },
  fish: { package: "fish", executables: ["fish"] },
  prometheus: { package: "prometheus", executables: ["prometheus"] },
  promtool: { package: "prometheus", executables: ["promtool"] },
  pebble: { package: "pebble", executables: ["pebble"] },
  turnserver: { package: "coturn", executables: ["turnserver"] },
  postgres: { package: "postgresql", executables: ["postgres"], versions: "/usr/lib/postgresql" },
  pgbouncer: { package: "pgbouncer", executables: ["pgbouncer"] },
  ip: { package: "iproute2", executables: ["ip"] },
  nft: { package: "nftables", executables: ["nft"] },
  sysctl: { package: "procps", executables: ["sysctl"] },
};

// Object.keys loses the literal types.
export const programs = Object.keys(installations) as readonly Program[];

/** Debian keeps servers in a folder that is not on every user's PATH. */
const serverFolder = "/usr/sbin";

/** The path of an installed program. */
export function findProgram(program: Program, environment = process.env): string | undefined {
  const { executables, variable, versions } = installations[program];
  const chosen = variable === undefined ? undefined : environment[variable];
  if (chosen) return chosen;
  const versionFolders = versions === undefined ? [] : newestFirst(versions);
  const folders = [...(environment["PATH"] ?? "").split(delimiter), serverFolder, ...versionFolders];
  const paths = executables.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

/** The command that installs these programs on Debian and its relatives, for a person. */
export function installCommand(missing: readonly Program[], sudo: "sudo " | "" = "sudo "): string {
  const names = [...new Set(missing.map((program) => installations[program].package))].join(" ");
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`;
}

/** The same command for a shell without a terminal; undefined if this user may not install packages. */
export function unattendedInstallCommand(missing: readonly Program[]): string | undefined {
  if (Bun.which("apt-get") === null) return undefined;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && Bun.which("sudo") === null) return undefined;
  const command = installCommand(missing, isRoot ? "" : "sudo ");
  // Without `-n`, sudo would wait for a password.
  return `export DEBIAN_FRONTEND=noninteractive; ${command.replaceAll("sudo ", "sudo -n ")}`;
}

/** The folders `bin` of all versions in a folder. */
function newestFirst(folder: string): readonly string[] {
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  return versions.sort((left, right) => Number(right) - Number(left)).map((version) => join(folder, version, "bin"));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Says on the terminal that tests are skipped because a program is missing. Returns whether it is. */
export function isMissing(program: Program): boolean {
  if (findProgram(program) !== undefined) return false;
  console.log(`note  ${program} was not found; its tests are skipped. To install it: ${installCommand([program])}`);
  return true;
}
