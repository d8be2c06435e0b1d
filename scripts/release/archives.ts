import { chmod, mkdir, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { runTool } from "./run-tool.ts";

/** A file of an archive or package. */
export interface ArchiveFile {
  /** The path in the archive. */
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly isExecutable?: boolean;
}

/** Level 9 takes half as long again, and makes an executable 0.2 % smaller. */
export const compressionLevel = 6;

/** Writes the files below `folder`, with modes and times that depend on nothing else. */
export async function writeFiles(folder: string, files: readonly ArchiveFile[], time: Date): Promise<void> {
  for (const { path, content, isExecutable = false } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await Bun.write(file, content);
    await chmod(file, isExecutable ? 0o755 : 0o644);
    await utimes(file, time, time);
  }
}

/**
 * Packs a folder, with its name, into a compressed tar archive. The bytes depend on the names, modes and contents of
 * the files, and on `time`.
 */
export async function packTar(folder: string, archive: string, time: Date): Promise<void> {
  const seconds = Math.floor(time.getTime() / 1000);
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  const order = ["--sort=name", `--mtime=@${seconds}`, "--format=ustar", "--mode=u=rwX,go=rX"];
  const tar = await runTool(["tar", ...order, ...owner, "-C", dirname(folder), "-cf", "-", basename(folder)]);
  await Bun.write(archive, await promisify(gzip)(tar, { level: compressionLevel }));
}

/** Packs a folder, with its name, into a zip archive. The bytes depend on the same as those of `packTar`. */
export async function packZip(folder: string, archive: string): Promise<void> {
  const inside = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: folder, dot: true }));
  const paths = inside.sort().map((path) => join(basename(folder), path));
  await runTool(["zip", "-q", `-${compressionLevel}`, "-X", archive, ...paths], { cwd: dirname(folder) });
}
