/**
 * Makes the files of a release in `dist/release`: an archive for each target, Debian packages, packages for npm, the
 * installer, the Homebrew formula, the bill of materials, and `SHA256SUMS` of all of them. Nothing is published.
 *
 * The bytes depend on the sources, on Bun, and on SOURCE_DATE_EPOCH, which is the time of the last commit by default.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeFailure } from "../assets.ts";
import { emptyOutputFolder } from "./output-folder.ts";
import { makeRelease } from "./release.ts";
import { runTool } from "./run-tool.ts";
import { targets } from "./targets.ts";

const usage = `Usage: npm run release -- [options]

  --target NAME        only this target; may be given several times:
                       ${targets
                         .map(({ name }) => name)
                         .slice(0, 4)
                         .join(", ")},
                       ${targets
                         .map(({ name }) => name)
                         .slice(4)
                         .join(", ")}
  --out FOLDER         folder of the files (default: dist/release); an earlier
                       release in it is removed
  --download-url URL   where the files will be published, for the installer and
                       the Homebrew formula
  --homepage URL       page of the project, for the Homebrew formula
`;

const root = join(import.meta.dir, "../..");

async function release(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: "string", multiple: true },
      out: { type: "string", default: join(root, "dist", "release") },
      "download-url": { type: "string" },
      homepage: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return void process.stdout.write(usage);
  const { target: names = targets.map(({ name }) => name), "download-url": downloadUrl, homepage } = values;
  const unknown = names.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) throw new Error(`There is no target ${unknown}.\n\n${usage}`);
  const out = resolve(values.out);
  await emptyOutputFolder(out);
  await makeRelease({
    root,
    out,
    targets: targets.filter(({ name }) => names.includes(name)),
    time: await sourceTime(),
    downloadUrl: downloadUrl?.replace(/\/$/, ""),
    homepage,
    log: (line) => console.log(line),
  });
}

/** The time of everything in the release. */
async function sourceTime(): Promise<Date> {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const seconds = given ?? new TextDecoder().decode(await runTool(["git", "log", "-1", "--format=%ct"], { cwd: root }));
  return new Date(Number(seconds) * 1000);
}

try {
  await release(process.argv.slice(2));
} catch (error) {
  console.error(`yurt: ${describeFailure(error)}`);
  process.exitCode = 1;
}
