/** Builds `dist/yurt`, the executable for this machine. */
import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { describeFailure, makeReleaseAssets } from "./assets.ts";
import { buildExecutable } from "./build-executable.ts";
import { makeLicenseNotices } from "./licenses/license-notices.ts";

const root = join(import.meta.dir, "..");
const outfile = join(root, "dist", "yurt");
const startedAt = performance.now();
try {
  const assets = [await makeReleaseAssets(), await makeLicenseNotices(root)];
  await buildExecutable({ entry: join(root, "src", "main.ts"), assets, outfile });
  const { size } = await stat(outfile);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${relative(process.cwd(), outfile)}  ${(size / 1e6).toFixed(1)} MB  ${seconds.toFixed(1)} s`);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
