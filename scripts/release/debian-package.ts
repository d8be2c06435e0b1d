import { chmod, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ArchiveFile, compressionLevel, writeFiles } from "./archives.ts";
import { runTool } from "./run-tool.ts";

/** The files of a Debian package, and the facts in its control file. */
export interface DebianPackage {
  readonly version: string;
  readonly architecture: "amd64" | "arm64";
  readonly files: readonly ArchiveFile[];
  /** The control file and the maintainer scripts. `@VERSION@`, `@ARCHITECTURE@` and `@SIZE@` are filled in. */
  readonly control: readonly ArchiveFile[];
}

/**
 * Builds a Debian package with `dpkg-deb`. `folder` is empty, and is left with the package's files. The bytes depend on
 * the files and on `time`.
 */
export async function packDebian(
  { version, architecture, files, control }: DebianPackage,
  folder: string,
  archive: string,
  time: Date,
): Promise<void> {
  await writeFiles(folder, files, time);
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(join(folder, path))).size));
  const kilobytes = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024);
  const filled = control.map((file) => ({
    ...file,
    path: join("DEBIAN", file.path),
    content: String(file.content)
      .replaceAll("@VERSION@", version)
      .replaceAll("@ARCHITECTURE@", architecture)
      .replaceAll("@SIZE@", String(kilobytes)),
  }));
  await writeFiles(folder, filled, time);
  // The modes of folders must not depend on the umask.
  for (const each of foldersOf([...files, ...filled])) await chmod(join(folder, each), 0o755);
  const epoch = String(Math.floor(time.getTime() / 1000));
  await runTool(["dpkg-deb", "--root-owner-group", "-Zgzip", `-z${compressionLevel}`, "--build", folder, archive], {
    environment: { SOURCE_DATE_EPOCH: epoch },
  });
}

/** All folders above the files, and the one that holds them all. */
function foldersOf(files: readonly ArchiveFile[]): ReadonlySet<string> {
  const parents = (path: string): readonly string[] => (path === "." ? ["."] : [path, ...parents(dirname(path))]);
  return new Set(files.flatMap(({ path }) => parents(dirname(path))));
}
