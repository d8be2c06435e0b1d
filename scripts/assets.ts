/**
 * The command builds the pages of src/web if they have changed, writes them to `dist/web` and prints the size of each
 * file. With the argument `development` it writes to `dist/development` and compresses nothing, which is fast.
 */
import { join } from "node:path";
import { type AssetsBuild, areAssetsFresh, type BuiltAsset, buildAssets, firstLoadBytes } from "./build-assets.ts";

const root = join(import.meta.dir, "..");

const release: AssetsBuild = {
  pages: [
    { path: "/", entry: join(root, "src", "web", "demo", "index.html") },
    { path: "/check", entry: join(root, "src", "web", "check", "index.html") },
    { path: "/admin", entry: join(root, "src", "web", "admin", "index.html") },
  ],
  folder: join(root, "dist", "web"),
  sources: ["src/web", "bun.lock", "scripts/assets.ts", "scripts/build-assets.ts"].map((path) => join(root, path)),
  encodings: ["br", "gzip"],
  firstLoadLimitBytes: 200_000,
};

const development: AssetsBuild = {
  ...release,
  folder: join(root, "dist", "development"),
  encodings: [],
  firstLoadLimitBytes: Number.POSITIVE_INFINITY,
};

/** Builds the pages for a release and resolves with the folder that holds them. */
export async function makeReleaseAssets(): Promise<string> {
  if (await areAssetsFresh(release)) return release.folder;
  const built = await buildAssets(release);
  for (const file of built) console.log(describe(file));
  const limit = kilobytes(release.firstLoadLimitBytes).trim();
  for (const { path } of release.pages) {
    console.log(`${`first load of ${path}`.padEnd(24)}  ${kilobytes(firstLoadBytes(built, path))} of ${limit}`);
  }
  return release.folder;
}

async function makeDevelopmentAssets(): Promise<void> {
  if (!(await areAssetsFresh(development))) await buildAssets(development);
}

/** A bundle fails with an `AggregateError`; its inner errors name the place. */
export function describeFailure(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each) => Bun.inspect(each)).join("\n");
  return error instanceof Error ? error.message : String(error);
}

function describe({ asset, sizes }: BuiltAsset): string {
  const encoded = asset.encodings.map((encoding) => `${encoding} ${kilobytes(sizes[encoding] ?? sizes.identity)}`);
  return [asset.path.padEnd(24), kilobytes(sizes.identity), ...encoded].join("  ");
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}

if (import.meta.main) {
  try {
    if (process.argv[2] === "development") await makeDevelopmentAssets();
    else await makeReleaseAssets();
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 1;
  }
}
