import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ensureExecutable, executable } from "../processes/ensure-executable.ts";

const root = join(import.meta.dir, "../../..");

/** The version of the next release. */
export const nextVersion = "0.99.0";

/** The executable of the next release: these sources with another version, and with one more migration. */
export const nextExecutable = join(root, "dist", "next-release", "yurt");

/** Files that the build does not read, or that are linked. */
const omitted: ReadonlySet<string> = new Set([".git", ".bun", ".bench", "node_modules", "dist", "test", "docs"]);

/** Builds both executables, unless that of the next release is newer than that of this one. */
export async function ensureNextRelease(): Promise<void> {
  await ensureExecutable();
  const builtAt = statSync(nextExecutable, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtAt > statSync(executable).mtimeMs) return;
  const folder = mkdtempSync(join(root, "dist", "next-release-"));
  try {
    await buildNextRelease(folder);
    mkdirSync(dirname(nextExecutable), { recursive: true });
    // Another test may have built it as well, and be running it.
    renameSync(join(folder, "dist", "yurt"), nextExecutable);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildNextRelease(folder: string): Promise<void> {
  for (const name of readdirSync(root)) {
    if (!omitted.has(name)) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  await change(join(folder, "package.json"), /"version": "[^"]*"/, `"version": "${nextVersion}"`);
  const migration = `UPDATE required_release SET version = '${nextVersion}'; CREATE TABLE next (number INTEGER) STRICT;`;
  await change(join(folder, "src/storage/sqlite/migrations.ts"), /\n\];\n/, `\n  \`${migration}\`,\n];\n`);
  await change(
    join(folder, "src/storage/postgres/migrations.ts"),
    /\n\];\n/,
    "\n  `CREATE TABLE yurt_next (number integer)`,\n];\n",
  );
  const build = Bun.spawn([process.execPath, "scripts/build.ts"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const output = await Promise.all([build.stdout.text(), build.stderr.text()]);
  if ((await build.exited) !== 0) throw new Error(`the build of the next release failed:\n${output.join("")}`);
}

async function change(path: string, pattern: RegExp, replacement: string): Promise<void> {
  const text = readFileSync(path, "utf8");
  const changed = text.replace(pattern, () => replacement);
  if (changed === text) throw new Error(`${path} has no ${pattern}`);
  await Bun.write(path, changed);
}
