import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
/** The executables by commit. The folder is ignored by git. */
const buildsFolder = join(root, ".bench", "commits");

/**
 * Builds the executable of another commit of this repository, in a worktree that is removed afterwards, and returns its
 * path. A commit is built once. Throws an error with a message for the user.
 */
export async function buildCommit(commit: string): Promise<string> {
  const id = await idOf(commit);
  const executable = join(buildsFolder, id, "yurt");
  if (await Bun.file(executable).exists()) return executable;
  console.error(`Building ${commit} (${id.slice(0, 10)})`);
  const worktree = await mkdtemp(join(tmpdir(), "yurt-commit-"));
  try {
    await run(["git", "worktree", "add", "--detach", "--quiet", worktree, id], root);
    await bringPackages(worktree);
    await run([process.execPath, "scripts/build.ts"], worktree);
    await mkdir(join(buildsFolder, id), { recursive: true });
    // The last step is atomic: an executable that is there is complete.
    await copyFile(join(worktree, "dist", "yurt"), `${executable}.new`);
    await rename(`${executable}.new`, executable);
  } finally {
    await rm(worktree, { recursive: true, force: true });
    await run(["git", "worktree", "prune"], root);
  }
  return executable;
}

/** The full id of a commit that is named as git allows. */
export async function idOf(commit: string): Promise<string> {
  try {
    return await run(["git", "rev-parse", "--verify", "--quiet", "--end-of-options", `${commit}^{commit}`], root);
  } catch {
    throw new Error(`no commit "${commit}"`);
  }
}

/** The packages of this worktree serve a commit with the same lockfile; for any other they are installed. */
async function bringPackages(worktree: string): Promise<void> {
  const [own, other] = await Promise.all([root, worktree].map((folder) => readFile(join(folder, "bun.lock"))));
  if (own !== undefined && other?.equals(own))
    await symlink(join(root, "node_modules"), join(worktree, "node_modules"));
  else await run([process.execPath, "install", "--frozen-lockfile", "--ignore-scripts", "--no-progress"], worktree);
}

/** Returns what the command prints. */
async function run(command: readonly string[], folder: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed:\n${(errors || output).trim()}`);
  return output.trim();
}
