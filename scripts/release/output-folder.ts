import { mkdir, readdir, rm } from "node:fs/promises";

/** The names of which a complete or interrupted release leaves one in its folder. */
const marks: readonly string[] = ["SHA256SUMS", ".staging"];

/**
 * Empties the folder of an earlier release, or creates it. Throws for a folder with other files, which a mistyped path
 * must not remove.
 */
export async function emptyOutputFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  if (names.length > 0 && !names.some((name) => marks.includes(name))) {
    throw new Error(`The folder ${folder} is not empty, and holds no release. Choose another with --out.`);
  }
  await rm(folder, { recursive: true, force: true });
}
