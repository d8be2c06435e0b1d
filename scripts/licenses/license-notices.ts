import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { linkedLibraries, polyfills } from "./bun-parts.ts";
import { identity, type ProductionPackage, productionPackages } from "./production-packages.ts";

/** The name of the file that the executable, the archives and the Debian package contain. */
export const noticesFile = "THIRD-PARTY-LICENSES.txt";

/** The licences of everything in the executable that is not Yurt's, as one text. */
export function licenseNotices(packages: readonly ProductionPackage[], bunVersion: string): string {
  return [
    "Yurt contains software of other authors. This file names it, with its licences.",
    section(`Bun ${bunVersion} (MIT)`, bunNotice()),
    ...packages.map((each) => section(`${identity(each).replace(/@(?=[^@]*$)/, " ")} (${each.license})`, textOf(each))),
  ].join("\n\n");
}

/** Writes the notices into a folder of their own, which the build embeds, and resolves with the folder's path. */
export async function makeLicenseNotices(root: string): Promise<string> {
  const folder = join(root, "dist", "licenses");
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, noticesFile), licenseNotices(await productionPackages(root), Bun.version));
  return folder;
}

function bunNotice(): string {
  const rows = linkedLibraries.map(({ name, license, source }) => `  ${name} (${license})\n    ${source}`);
  return [
    "The executable contains the runtime Bun, https://bun.com, which is under the",
    "MIT licence and contains the libraries below. JavaScriptCore and tinycc are",
    "under the LGPL: the sources of Bun, https://github.com/oven-sh/bun, and of Yurt",
    "are public, so that you can change these libraries, build Bun with them, and",
    "build Yurt with that Bun.",
    "",
    ...rows,
    "",
    "Bun also contains these packages, all under the MIT licence:",
    ...Array.from({ length: Math.ceil(polyfills.length / 6) }, (_, row) => {
      return `  ${polyfills.slice(row * 6, row * 6 + 6).join(", ")}`;
    }),
  ].join("\n");
}

function textOf({ licenseText, license, author }: ProductionPackage): string {
  if (licenseText !== undefined) return licenseText;
  return `The package contains no text of its licence, ${license}.${author === undefined ? "" : ` Author: ${author}.`}`;
}

function section(title: string, text: string): string {
  const rule = "-".repeat(Math.min(title.length, 80));
  return `${rule}\n${title}\n${rule}\n\n${text
    .replaceAll("\r\n", "\n")
    .replaceAll(/[ \t]+$/gm, "")
    .trim()}\n`;
}
