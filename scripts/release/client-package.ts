import { readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ArchiveFile } from "./archives.ts";
import { packNpm } from "./npm-packages.ts";
import { readPackaging } from "./release-files.ts";
import { runTool } from "./run-tool.ts";

export interface ClientPackage {
  /** The repository. */
  readonly root: string;
  /** A folder for files that are not kept. */
  readonly staging: string;
  /** The folder of the package. */
  readonly folder: string;
  readonly version: string;
  readonly license: string;
  readonly time: Date;
}

/** The modules that applications import, by their names in the package. */
const modules = {
  ".": "client",
  "./errors": "errors",
  "./tokens": "tokens",
  "./webhooks": "webhooks",
  "./http-provider": "http-provider",
  "./react": "react",
} as const;

/** Packs the client as ES modules with their types, and resolves with the path of the tarball. */
export async function packClient({ folder, license, root, staging, time, version }: ClientPackage): Promise<string> {
  const built = join(staging, "client-modules");
  await compile(root, built);
  const files = [
    ...(await filesIn(built)),
    { path: "README.md", content: await readPackaging("npm", "client.md") },
    { path: "LICENSE", content: license },
  ];
  await rm(built, { recursive: true });
  return packNpm(clientManifest(version), files, { staging: join(staging, "client"), folder, time });
}

export function clientManifest(version: string) {
  return {
    name: "yurt-client",
    version,
    description: "The HTTP API of a Yurt server: Yjs documents, tokens, webhooks, React.",
    keywords: ["yjs", "crdt", "yurt", "react"],
    license: "MIT",
    type: "module",
    sideEffects: false,
    exports: Object.fromEntries(
      Object.entries(modules).map(([name, file]) => [name, { types: `./${file}.d.ts`, default: `./${file}.js` }]),
    ),
    engines: { node: ">=20" },
    peerDependencies: { react: ">=18", "y-protocols": "^1.0.0", "y-websocket": ">=2", yjs: "^13.6.0" },
    peerDependenciesMeta: Object.fromEntries(
      ["react", "y-protocols", "y-websocket", "yjs"].map((name) => [name, { optional: true }]),
    ),
  };
}

function compile(root: string, out: string): Promise<unknown> {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const emitted = ["--noEmit", "false", "--declaration", "--rewriteRelativeImportExtensions", "--outDir", out];
  const project = ["--project", join("src", "client"), "--rootDir", join("src", "client")];
  return runTool([process.execPath, compiler, ...project, ...emitted], { cwd: root });
}

async function filesIn(folder: string): Promise<readonly ArchiveFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const names = files.map(({ name, parentPath }) => relative(folder, join(parentPath, name))).sort();
  return Promise.all(names.map(async (path) => ({ path, content: await Bun.file(join(folder, path)).text() })));
}
