import { stat } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");

/** The executable that the build makes from this repository. */
export const executable = join(root, "dist", "yurt");

/** Builds the executable, unless it is newer than everything it is made of. */
export async function ensureExecutable(): Promise<void> {
  const builtAt = await changedAt("dist/yurt");
  const sources = await Array.fromAsync(new Bun.Glob("src/**/*").scan({ cwd: root }));
  const scripts = ["build", "build-executable", "assets", "build-assets", "licenses/license-notices"];
  const changes = await Promise.all(
    ["package.json", "bun.lock", ...scripts.map((name) => `scripts/${name}.ts`), ...sources].map(changedAt),
  );
  if (builtAt > Math.max(...changes)) return;
  const build = Bun.spawn([process.execPath, "scripts/build.ts"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const output = await Promise.all([build.stdout.text(), build.stderr.text()]);
  if ((await build.exited) !== 0) throw new Error(`the build failed:\n${output.join("")}`);
}

async function changedAt(path: string): Promise<number> {
  return stat(join(root, path)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
