import { join } from "node:path";
import { noticesFile } from "../licenses/license-notices.ts";
import type { ArchiveFile } from "./archives.ts";
import { executableName, type Target } from "./targets.ts";

/** The texts that go into every archive and package of a release. */
export interface ReleaseTexts {
  readonly version: string;
  readonly license: string;
  readonly notices: string;
  /** A configuration file in which every setting is a comment. */
  readonly settings: string;
  readonly unit: string;
  readonly install: string;
  readonly changelog: string;
  /** The rules for Prometheus, and the dashboard for Grafana. */
  readonly monitoring: { readonly alerts: string; readonly dashboard: string };
  readonly completions: Readonly<Record<"bash" | "zsh" | "fish", string>>;
}

const packaging = join(import.meta.dir, "..", "packaging");

/** Reads a file of `scripts/packaging`. */
export function readPackaging(...path: readonly string[]): Promise<string> {
  return Bun.file(join(packaging, ...path)).text();
}

/** The files of the archive of a target. */
export function archiveFiles(target: Target, executable: Uint8Array, texts: ReleaseTexts): readonly ArchiveFile[] {
  const { os } = target;
  const files: ArchiveFile[] = [
    { path: executableName(target), content: executable, isExecutable: true },
    { path: "LICENSE", content: texts.license },
    { path: noticesFile, content: texts.notices },
    { path: "INSTALL.md", content: installText(os, texts) },
    { path: "yurt.example.toml", content: os === "linux" ? serviceSettings(texts) : texts.settings },
  ];
  if (os === "win32") return files;
  return [
    ...files,
    { path: "monitoring/alerts.yml", content: texts.monitoring.alerts },
    { path: "monitoring/grafana-dashboard.json", content: texts.monitoring.dashboard },
    { path: "completions/yurt.bash", content: texts.completions.bash },
    { path: "completions/_yurt", content: texts.completions.zsh },
    { path: "completions/yurt.fish", content: texts.completions.fish },
    ...(os === "linux" ? [{ path: "yurt.service", content: unitFor("/usr/local/bin", texts) }] : []),
  ];
}

/** The files of the Debian package of a target. */
export function debianFiles(executable: Uint8Array, texts: ReleaseTexts): readonly ArchiveFile[] {
  const documents = "usr/share/doc/yurt";
  const copyright = `Yurt\n\n${texts.license}\n\nThe licences of the software in it are in ${noticesFile}.\n`;
  return [
    { path: "usr/bin/yurt", content: executable, isExecutable: true },
    { path: "usr/lib/systemd/system/yurt.service", content: unitFor("/usr/bin", texts) },
    { path: "etc/yurt/yurt.toml", content: serviceSettings(texts) },
    { path: `${documents}/copyright`, content: copyright },
    { path: `${documents}/${noticesFile}`, content: texts.notices },
    { path: `${documents}/CHANGELOG.md`, content: texts.changelog },
    { path: `${documents}/monitoring/alerts.yml`, content: texts.monitoring.alerts },
    { path: `${documents}/monitoring/grafana-dashboard.json`, content: texts.monitoring.dashboard },
    { path: "usr/share/bash-completion/completions/yurt", content: texts.completions.bash },
    { path: "usr/share/zsh/vendor-completions/_yurt", content: texts.completions.zsh },
    { path: "usr/share/fish/vendor_completions.d/yurt.fish", content: texts.completions.fish },
  ];
}

/** The settings of a service of systemd. The data folder is named, so that commands such as `yurt token` find what the service uses. */
function serviceSettings({ settings }: ReleaseTexts): string {
  const unset = '#data = "./yurt-data"';
  if (!settings.includes(unset)) throw new Error(`the configuration file of yurt config init has no line ${unset}`);
  return settings.replace(unset, 'data = "/var/lib/yurt"');
}

function unitFor(folder: string, { unit }: ReleaseTexts): string {
  return unit.replaceAll("@BINDIR@", folder);
}

const systemNotes: Readonly<Record<Target["os"], string>> = {
  linux: `As a service, with the settings in /etc/yurt/yurt.toml:

    sudo install -m 755 yurt /usr/local/bin/yurt
    sudo useradd --system --home-dir /var/lib/yurt --shell /bin/false yurt
    sudo install -D -m 640 -g yurt yurt.example.toml /etc/yurt/yurt.toml
    sudo install -m 644 yurt.service /etc/systemd/system/yurt.service
    sudo systemctl daemon-reload
    sudo systemctl enable --now yurt
`,
  darwin: `A browser marks what it downloads, and macOS then refuses to start it, because
the executable is signed without a certificate. Remove the mark:

    xattr -d com.apple.quarantine yurt
`,
  win32: `Windows may warn, because the executable is not signed: choose "More info", then
"Run anyway".
`,
};

function installText(os: Target["os"], { install, version }: ReleaseTexts): string {
  return install
    .replaceAll("@VERSION@", version)
    .replaceAll("@START@", os === "win32" ? "yurt.exe" : "./yurt")
    .replaceAll("@SYSTEM@", systemNotes[os]);
}
