import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const packages = { chromium: "chromium", firefox: "firefox-esr" } as const;

export type Browser = keyof typeof packages;

const executables: Readonly<Record<Browser, readonly string[]>> = {
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  firefox: ["firefox-esr", "firefox"],
};
/** Each names an executable that goes before those on PATH. */
const variables: Readonly<Record<Browser, string>> = { chromium: "CHROME_PATH", firefox: "FIREFOX_PATH" };

/** The path of an installed browser. */
export function findBrowser(browser: Browser, environment = process.env): string | undefined {
  const chosen = environment[variables[browser]];
  if (chosen) return chosen;
  const folders = (environment["PATH"] ?? "").split(delimiter);
  const paths = executables[browser].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

export function missingBrowsers(): readonly Browser[] {
  return (["chromium", "firefox"] as const).filter((browser) => findBrowser(browser) === undefined);
}

/** What to type on Debian and its relatives to get these browsers. */
export function installCommand(browsers: readonly Browser[], sudo: "sudo " | "" = "sudo "): string {
  const names = browsers.map((browser) => packages[browser]).join(" ");
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${names}`;
}

/** The same for a shell without anybody to ask; undefined for who may not install packages here. */
export function unattendedInstallCommand(browsers: readonly Browser[]): string | undefined {
  if (Bun.which("apt-get") === null) return undefined;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && Bun.which("sudo") === null) return undefined;
  const command = installCommand(browsers, isRoot ? "" : "sudo ");
  // Without `-n` sudo would wait for a password that nobody types.
  return `export DEBIAN_FRONTEND=noninteractive; ${command.replaceAll("sudo ", "sudo -n ")}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
