import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { makeReleaseAssets } from "../assets.ts";
import { buildExecutable } from "../build-executable.ts";
import { licenseNotices, makeLicenseNotices, noticesFile } from "../licenses/license-notices.ts";
import { productionPackages } from "../licenses/production-packages.ts";
import { type ArchiveFile, packTar, packZip, writeFiles } from "./archives.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { installBunBinaries } from "./bun-binaries.ts";
import { packClient } from "./client-package.ts";
import { packDebian } from "./debian-package.ts";
import { checkExecutable } from "./executable-format.ts";
import { signAdHoc, signatureMatches } from "./mach-o-signature.ts";
import { mainManifest, npmExecutable, packNpm, targetManifest } from "./npm-packages.ts";
import { archiveFiles, debianFiles, type ReleaseTexts, readPackaging } from "./release-files.ts";
import { runTool } from "./run-tool.ts";
import { targets as allTargets, bunTargetOf, executableName, isThisMachine, type Target } from "./targets.ts";

/** The facts that a release is made from. */
export interface Release {
  /** The repository. */
  readonly root: string;
  /** The folder of the files. It does not exist yet. */
  readonly out: string;
  readonly targets: readonly Target[];
  /** The time of every file in the archives. */
  readonly time: Date;
  /** Where the files will be published. Without it there is no formula, and the installer has to be told. */
  readonly downloadUrl: string | undefined;
  readonly homepage: string | undefined;
  readonly log: (line: string) => void;
}

const { version } = packageJson;

/** Makes all files of a release. Rejects with the first failure, and leaves what was made before. */
export async function makeRelease(release: Release): Promise<void> {
  const { root, out, targets, time, log } = release;
  const staging = join(out, ".staging");
  await mkdir(staging, { recursive: true });
  const texts = await readTexts(root);
  const assets = [await makeReleaseAssets(), await makeLicenseNotices(root)];
  const binaries = await installBunBinaries(root, targets);
  for (const target of targets) {
    const outfile = join(staging, target.name, executableName(target));
    await mkdir(join(staging, target.name));
    const foreignBun = isThisMachine(target)
      ? undefined
      : { target: bunTargetOf(target), path: binaries.get(target) ?? "" };
    await buildExecutable({ entry: join(root, "src", "main.ts"), assets, outfile, foreignBun });
    const built = Buffer.from(await Bun.file(outfile).arrayBuffer());
    const executable = target.os === "darwin" && signatureMatches(built) !== true ? signAdHoc(built, "yurt") : built;
    log(`${target.name.padEnd(18)} ${checkExecutable(executable, target)}`);
    await packTarget(release, target, executable, texts);
    await rm(join(staging, target.name), { recursive: true });
  }
  const launcher = { path: "yurt.mjs", content: await readPackaging("npm", "yurt.mjs"), isExecutable: true };
  const readme = { path: "README.md", content: await readPackaging("npm", "README.md") };
  const license = { path: "LICENSE", content: texts.license };
  await packNpm(mainManifest(allTargets, version), [launcher, readme, license], {
    staging: join(staging, "npm"),
    folder: out,
    time,
  });
  await packClient({ root, staging, folder: out, version, license: texts.license, time });
  await rm(staging, { recursive: true });
  await writeOthers(release, texts);
}

/** Packs the executable of a target in all forms, side by side: compression takes most of the time of a release. */
async function packTarget(
  { out, time }: Release,
  target: Target,
  executable: Uint8Array,
  texts: ReleaseTexts,
): Promise<void> {
  const staging = join(out, ".staging", target.name);
  const packArchive = async (): Promise<void> => {
    const folder = join(staging, `yurt-${version}-${target.name}`);
    await writeFiles(folder, archiveFiles(target, executable, texts), time);
    if (target.os === "win32") await packZip(folder, join(out, `yurt-${version}-${target.name}.zip`));
    else await packTar(folder, join(out, `yurt-${version}-${target.name}.tar.gz`), time);
  };
  const packForDebian = async (architecture: "amd64" | "arm64"): Promise<void> => {
    const description = { version, architecture, files: debianFiles(executable, texts), control: await readControl() };
    await packDebian(description, join(staging, "debian"), join(out, `yurt_${version}_${architecture}.deb`), time);
  };
  const files = [
    { path: npmExecutable(target), content: executable, isExecutable: true },
    { path: "LICENSE", content: texts.license },
    { path: noticesFile, content: texts.notices },
  ];
  await Promise.all([
    packArchive(),
    target.debian === undefined ? undefined : packForDebian(target.debian),
    packNpm(targetManifest(target, version), files, { staging: join(staging, "npm"), folder: out, time }),
  ]);
}

function readControl(): Promise<readonly ArchiveFile[]> {
  const names = ["control", "conffiles", "postinst", "prerm", "postrm"];
  return Promise.all(
    names.map(async (path) => {
      return { path, content: await readPackaging("debian", path), isExecutable: /^(post|pre)/.test(path) };
    }),
  );
}

async function readTexts(root: string): Promise<ReleaseTexts> {
  const decoder = new TextDecoder();
  const printed = async (...args: readonly string[]) =>
    decoder.decode(await runTool([process.execPath, join(root, "src", "main.ts"), ...args], { cwd: root }));
  return {
    version,
    license: await Bun.file(join(root, "LICENSE")).text(),
    notices: licenseNotices(await productionPackages(root), Bun.version),
    settings: await printed("config", "init"),
    unit: await readPackaging("systemd", "yurt.service"),
    install: await readPackaging("INSTALL.md"),
    changelog: await Bun.file(join(root, "CHANGELOG.md")).text(),
    monitoring: {
      alerts: await readPackaging("monitoring", "alerts.yml"),
      dashboard: await readPackaging("monitoring", "grafana-dashboard.json"),
    },
    completions: {
      bash: await printed("completion", "bash"),
      zsh: await printed("completion", "zsh"),
      fish: await printed("completion", "fish"),
    },
  };
}

/** Writes the files that are not packed: the installer, the formula, the bill of materials, licences, checksums. */
async function writeOthers(
  { root, out, time, downloadUrl, homepage, log }: Release,
  texts: ReleaseTexts,
): Promise<void> {
  const fill = (text: string) => text.replaceAll("@VERSION@", version).replaceAll("@URL@", downloadUrl ?? "");
  await Bun.write(join(out, "install.sh"), fill(await readPackaging("install.sh")));
  await Bun.write(join(out, noticesFile), texts.notices);
  await copyFile(join(root, "LICENSE"), join(out, "LICENSE"));
  const bill = billOfMaterials({
    version,
    bunVersion: Bun.version,
    packages: await productionPackages(root),
    lock: await Bun.file(join(root, "bun.lock")).text(),
    time,
  });
  await Bun.write(join(out, `yurt-${version}.cdx.json`), bill);
  const sums = await checksums(out);
  const formula = fill(await readPackaging("homebrew", "yurt.rb"))
    .replaceAll("@HOMEPAGE@", homepage ?? downloadUrl ?? "")
    .replaceAll(/@SHA256:([\w-]+)@/g, (marker, target: string) => {
      return sums.get(`yurt-${version}-${target}.tar.gz`) ?? marker;
    });
  if (downloadUrl === undefined) log("note: without --download-url there is no Homebrew formula");
  else if (formula.includes("@SHA256:")) log("note: the Homebrew formula needs four targets that were left out");
  else await Bun.write(join(out, "yurt.rb"), formula);
  const all = await checksums(out);
  await Bun.write(join(out, "SHA256SUMS"), Array.from(all, ([name, sum]) => `${sum}  ${name}\n`).join(""));
  log(`${all.size} files and SHA256SUMS in ${out}`);
}

/** The SHA-256 of each file of a folder, in the order of their names. */
async function checksums(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder)).sort();
  const sums = names.map(async (name) => {
    const bytes = await Bun.file(join(folder, name)).bytes();
    return [name, new Bun.CryptoHasher("sha256").update(bytes).digest("hex")] as const;
  });
  return new Map(await Promise.all(sums));
}
