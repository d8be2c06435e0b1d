import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";

/** A package that the executable is built from. */
export interface ProductionPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** The text of the licence; undefined where the package has none. */
  readonly licenseText: string | undefined;
  readonly author: string | undefined;
  readonly folder: string;
  /** True if the root itself depends on it, and not only another package. */
  readonly isDirect: boolean;
  /** The folders of the packages that it depends on, as they are installed for it. */
  readonly dependencies: readonly string[];
}

const person = v.union([v.string(), v.object({ name: v.string() })]);
const manifestSchema = v.object({
  name: v.string(),
  version: v.string(),
  license: v.string(),
  author: v.optional(person),
  dependencies: v.optional(v.record(v.string(), v.string()), {}),
});

/**
 * All packages that the `dependencies` of the package in `root` need, in the order of their names and versions. Some of
 * them are left out of the bundle because nothing imports them.
 *
 * Rejects if a package is not installed or declares no licence.
 */
export async function productionPackages(root: string): Promise<readonly ProductionPackage[]> {
  const manifest = v.parse(v.object({ dependencies: v.record(v.string(), v.string()) }), await json(root));
  const found = new Map<string, ProductionPackage>();
  const direct = Object.keys(manifest.dependencies).map((name) => folderOf(name, root));
  const waiting = [...direct];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (found.has(folder)) continue;
    const described = { ...(await describePackage(folder)), isDirect: direct.includes(folder) };
    found.set(folder, described);
    waiting.push(...described.dependencies);
  }
  return [...found.values()].sort((left, right) => compare(identity(left), identity(right)));
}

/** The package's name and version, as `name@version`. */
export function identity({ name, version }: Pick<ProductionPackage, "name" | "version">): string {
  return `${name}@${version}`;
}

async function describePackage(folder: string): Promise<Omit<ProductionPackage, "isDirect">> {
  const parsed = v.safeParse(manifestSchema, await json(folder));
  if (!parsed.success) throw new Error(`${folder}/package.json: ${v.summarize(parsed.issues)}`);
  const { name, version, license, author, dependencies } = parsed.output;
  return {
    name,
    version,
    license,
    licenseText: await licenseText(folder),
    author: typeof author === "string" ? author : author?.name,
    folder,
    dependencies: Object.keys(dependencies).map((each) => folderOf(each, folder)),
  };
}

/** Finds an installed package as Node does: in `node_modules` of this folder, then of the folders above it. */
function folderOf(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) throw new Error(`${name}, which ${from} needs, is not installed`);
  }
}

/** The files with a licence or notice, or else the part of the readme about the licence. */
async function licenseText(folder: string): Promise<string | undefined> {
  const files = (await readdir(folder)).sort();
  const named = files.filter((file) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file));
  const texts = await Promise.all(named.map((file) => Bun.file(join(folder, file)).text()));
  if (texts.length > 0) return texts.map((text) => text.trim()).join("\n\n");
  const readme = files.find((file) => /^readme(\.|$)/i.test(file));
  if (readme === undefined) return undefined;
  const text = await Bun.file(join(folder, readme)).text();
  return /^#+ *licen[cs]e[^\n]*\n+(.+?)(?=^#|$(?![\s\S]))/ims.exec(text)?.[1]?.trim();
}

function json(folder: string): Promise<unknown> {
  return Bun.file(join(folder, "package.json")).json();
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
