import { join, resolve } from "node:path";
import { type ArchiveFile, compressionLevel, writeFiles } from "./archives.ts";
import { runTool } from "./run-tool.ts";
import { executableName, type Target } from "./targets.ts";

/** Packs one package of npm into `folder` and resolves with the path of the tarball. */
export async function packNpm(
  manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string },
  files: readonly ArchiveFile[],
  { staging, folder, time }: { readonly staging: string; readonly folder: string; readonly time: Date },
): Promise<string> {
  const content = `${JSON.stringify({ ...manifest, files: files.map(({ path }) => path) }, null, 2)}\n`;
  await writeFiles(staging, [...files, { path: "package.json", content }], time);
  const archive = resolve(folder, `${manifest.name}-${manifest.version}.tgz`);
  const flags = ["--ignore-scripts", "--quiet", `--gzip-level=${compressionLevel}`, "--filename", archive];
  await runTool([process.execPath, "pm", "pack", ...flags], { cwd: staging });
  return archive;
}

/** The manifest of the package with the executable for one target. npm installs it on such machines only. */
export function targetManifest(target: Target, version: string) {
  const { os, cpu, libc } = target;
  return {
    name: npmNameOf(target),
    version,
    description: `The executable of yurt for ${target.name}`,
    license: "MIT",
    os: [os],
    cpu: [cpu],
    ...(libc !== undefined && { libc: [libc] }),
    // A package manager that keeps packages in archives must unpack an executable.
    preferUnplugged: true,
  };
}

/** The manifest of the package that people install. It brings the package of their machine and starts its executable. */
export function mainManifest(targets: readonly Target[], version: string) {
  return {
    name: "yurt",
    version,
    description: "Self-hosted sync and signaling server for Yjs apps: y-websocket, Hocuspocus, y-webrtc, PeerJS.",
    keywords: ["yjs", "y-websocket", "hocuspocus", "y-webrtc", "crdt", "server"],
    license: "MIT",
    type: "module",
    bin: { yurt: "yurt.mjs" },
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(targets.map((target) => [npmNameOf(target), version])),
  };
}

export function npmNameOf({ name }: Target): string {
  return `yurt-${name}`;
}

/** The path of the executable in the package of a target. */
export function npmExecutable(target: Target): string {
  return join("bin", executableName(target));
}
