import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./run-tool.ts";
import { bunPackageOf, isThisMachine, type Target } from "./targets.ts";

/**
 * Installs Bun for each target into `.bun/targets`, from the registry and with the settings that `bun install` uses, and
 * resolves with the paths of the binaries. The Bun that runs this serves its own machine.
 *
 * Rejects if a package is not the one whose checksum `bun.lock` has.
 */
export async function installBunBinaries(
  root: string,
  targets: readonly Target[],
): Promise<ReadonlyMap<Target, string>> {
  const foreign = targets.filter((target) => !isThisMachine(target));
  const folder = join(root, ".bun", "targets");
  const pathOf = (target: Target) => {
    const name = target.os === "win32" ? "bun.exe" : "bun";
    return join(folder, "node_modules", bunPackageOf(target), "bin", name);
  };
  if (foreign.length > 0) {
    await mkdir(folder, { recursive: true });
    const dependencies = Object.fromEntries(foreign.map((target) => [bunPackageOf(target), Bun.version]));
    await Bun.write(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
    // The packages are for other machines than this one, so they are not installed by themselves.
    const everywhere = ["--os=*", "--cpu=*", "--linker=hoisted"];
    await runTool([process.execPath, "install", ...everywhere, "--no-progress", "--no-summary"], { cwd: folder });
    await compareChecksums(root, folder, foreign.map(bunPackageOf));
  }
  const paths = new Map(targets.map((target) => [target, isThisMachine(target) ? process.execPath : pathOf(target)]));
  for (const path of paths.values()) if (!existsSync(path)) throw new Error(`${path} was not installed`);
  return paths;
}

async function compareChecksums(root: string, folder: string, packages: readonly string[]): Promise<void> {
  const [expected, installed] = await Promise.all(
    [root, folder].map((each) => Bun.file(join(each, "bun.lock")).text()),
  );
  for (const name of packages) {
    const identity = `${name}@${Bun.version}`;
    const checksum = checksumIn(expected ?? "", identity);
    if (checksum === undefined || checksum !== checksumIn(installed ?? "", identity)) {
      throw new Error(`${name} is not the package that bun.lock names: its checksum is another`);
    }
  }
}

/** The checksum of `name@version` in the text of a `bun.lock`, such as `sha512-…`; undefined if it is not there. */
export function checksumIn(lock: string, nameAndVersion: string): string | undefined {
  const start = lock.indexOf(`": ["${nameAndVersion}", `);
  if (start === -1) return undefined;
  const [line = ""] = lock.slice(start).split("\n", 1);
  return /"(sha\d+-[^"]+)"\],?$/.exec(line)?.[1];
}
