/**
 * Runs the scripts of package.json: it finds the Bun that package.json pins, or installs it privately, brings node_modules
 * in step with bun.lock, and runs the command.
 *
 * This file is plain JavaScript without dependencies, for Node from 18 on and for any Bun, because nothing is installed
 * yet when it runs. (package.json says `exec node`: otherwise a signal to npm would end the shell between it and this
 * process, and stop there.)
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const commands = {
  start: ["src/main.ts", "serve"],
  test: ["scripts/check/main.ts"],
  check: ["scripts/check/main.ts"],
  build: ["scripts/build.ts"],
  bench: ["scripts/bench/main.ts"],
  torture: ["scripts/torture/main.ts"],
  reference: ["scripts/reference.ts"],
  release: ["scripts/release/main.ts"],
};

const root = fileURLToPath(new URL("..", import.meta.url));
const privateFolder = join(root, ".bun");

const [name = "", ...args] = process.argv.slice(2);
if (Object.hasOwn(commands, name)) main(commands[name]);
else fail(`usage: bootstrap.mjs <${Object.keys(commands).join("|")}> [arguments]`, 2);

function main(command) {
  const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.bun;
  const bun = findBun(version) ?? installBun(version);
  installPackages(bun);
  run(bun, ["--no-env-file", "--no-orphans", ...command, ...args]);
}

/** The path of a Bun of exactly this version, if one is installed. */
function findBun(version) {
  if (process.versions.bun === version) return process.execPath;
  const candidates = [...binariesIn(root), ...binariesIn(privateFolder), "bun"];
  return candidates.find((binary) => versionOf(binary) === version);
}

/**
 * The folders in which the npm package keeps its binary. `bun.exe` (on every system) is a placeholder until the
 * package's install script has run, which npm can be told not to do; the packages with the binaries are next to it.
 */
function binariesIn(folder) {
  const modules = join(folder, "node_modules");
  const platforms = existsSync(join(modules, "@oven")) ? readdirSync(join(modules, "@oven")) : [];
  return [
    join(modules, "bun", "bin", "bun.exe"),
    ...platforms.flatMap((platform) => ["bun", "bun.exe"].map((file) => join(modules, "@oven", platform, "bin", file))),
  ].filter((binary) => existsSync(binary));
}

function versionOf(binary) {
  return spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout?.trim();
}

function installBun(version) {
  say(`installing Bun ${version} into .bun/`);
  mkdirSync(privateFolder, { recursive: true });
  // Without this file npm and Bun would look for a package.json further up and find that of this repository.
  writeFileSync(join(privateFolder, "package.json"), '{ "private": true }\n');
  const pinned = `bun@${version}`;
  const otherBun = process.versions.bun === undefined ? "bun" : process.execPath;
  const installers = [
    ["npm", "install", "--prefix", privateFolder, "--no-save", "--no-package-lock", "--no-audit", "--no-fund", pinned],
    [otherBun, "add", "--cwd", privateFolder, "--exact", pinned],
  ];
  for (const [installer, ...installerArgs] of installers) {
    spawnSync(installer, installerArgs, { stdio: ["ignore", 2, 2] });
    const bun = findBun(version);
    if (bun !== undefined) return bun;
  }
  return fail(`neither npm nor another Bun could install Bun ${version}: see https://bun.com/docs/installation`);
}

/** Runs `bun install`, unless the last one was for these very files. */
function installPackages(bun) {
  const hash = createHash("sha256");
  for (const file of ["package.json", "bun.lock"]) hash.update(readFileSync(join(root, file)));
  const wanted = hash.digest("hex");
  const stamp = join(root, "node_modules", ".yurt-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("installing packages");
  const install = ["install", "--frozen-lockfile", "--no-progress", "--no-summary", "--no-env-file"];
  const { status } = spawnSync(bun, install, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) fail("bun install failed");
  writeFileSync(stamp, wanted);
}

/**
 * Runs `bun` in the repository's folder and ends with the same status or signal.
 *
 * Under npm one Ctrl-C arrives here twice, from the terminal and from npm. The server would take the second for the
 * order to stop draining. So the child has a process group of its own, which the terminal does not reach, and receives
 * each signal once. `--no-orphans` ends it if this process is killed.
 */
function run(bun, bunArgs) {
  const child = spawn(bun, bunArgs, { cwd: root, stdio: "inherit", detached: true });
  const forwardedAt = {};
  const forward = (signal) => {
    const now = performance.now();
    if (now - (forwardedAt[signal] ?? Number.NEGATIVE_INFINITY) < 300) return;
    forwardedAt[signal] = now;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The child has ended meanwhile; its exit event follows.
    }
  };
  process.on("SIGINT", () => forward("SIGINT"));
  process.on("SIGTERM", () => forward("SIGTERM"));
  // The terminal is gone. The child gets SIGTERM, because a server reads SIGHUP as "reload".
  process.on("SIGHUP", () => forward("SIGTERM"));
  child.on("error", (error) => fail(`${bun}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function say(message) {
  process.stderr.write(`yurt: ${message}\n`);
}

function fail(message, code = 1) {
  say(message);
  process.exit(code);
}
