import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The folder is ignored by git, and the packages in it are separate from those of this repository. */
export const peersFolder = join(import.meta.dir, "../../../.bench/peers");

/** Versions are exact, so that numbers stay comparable. @y/websocket-server 0.1.5 does not start. */
const packages = {
  "@hocuspocus/extension-redis": "4.7.0",
  "@hocuspocus/extension-sqlite": "4.7.0",
  "@hocuspocus/server": "4.7.0",
  "@y/websocket-server": "0.1.1",
  ws: "8.18.3",
  "y-protocols": "1.0.7",
  "y-webrtc": "10.3.0",
  yjs: "13.6.33",
} as const;

const entries = ["hocuspocus-entry.mjs", "y-webrtc-entry.mjs"] as const;

let installed: Promise<void> | undefined;

/** Installs the other servers, unless these versions are installed. */
export async function installPeers(): Promise<void> {
  installed ??= install();
  await installed;
}

async function install(): Promise<void> {
  await mkdir(peersFolder, { recursive: true });
  // The entries are copied because a program resolves its packages from its own folder.
  for (const entry of entries) await copyFile(join(import.meta.dir, entry), join(peersFolder, entry));
  const manifest = JSON.stringify({ private: true, dependencies: packages }, undefined, 2);
  const stamp = Bun.file(join(peersFolder, "installed.json"));
  if ((await stamp.exists()) && (await stamp.text()) === manifest) return;
  console.error("Installing the other servers into .bench/peers/");
  await Bun.write(join(peersFolder, "package.json"), manifest);
  // Install scripts would fetch or compile binaries, none of which is needed here.
  const command = [process.execPath, "install", "--ignore-scripts", "--no-progress", "--no-summary"];
  const child = Bun.spawn(command, {
    cwd: peersFolder,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 180_000,
  });
  const errors = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`bun install failed in ${peersFolder}:\n${errors.trim()}`);
  await Bun.write(stamp, manifest);
}

/** Node, for which these servers are written, if it is new enough, else Bun. */
export function runtimeFor(leastNode: string): { readonly executable: string; readonly name: string } {
  const node = Bun.which("node");
  const version = node === null ? "" : Bun.spawnSync([node, "--version"]).stdout.toString().trim().slice(1);
  const isEnough = version !== "" && Bun.semver.satisfies(version, `>=${leastNode}`);
  return node !== null && isEnough
    ? { executable: node, name: `Node ${version}` }
    : { executable: process.execPath, name: `Bun ${Bun.version}` };
}
