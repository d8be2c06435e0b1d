#!/usr/bin/env node
/**
 * Starts the executable of Yurt for this machine, which npm has installed as an optional dependency. It takes the place
 * of this process where Node can do that; otherwise it gets the signals and ends with its exit code.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import process from "node:process";

const { platform, arch, argv, env } = process;
const machine = `${platform === "win32" ? "windows" : platform}-${arch}`;
const executable = findExecutable();
if (executable === undefined) {
  console.error(
    `yurt: There is no executable for ${machine}. Install yurt without --omit=optional; if this machine has another ` +
      "kind of processor or system, run Yurt from source.",
  );
  process.exit(1);
}
if (platform !== "win32" && process.execve !== undefined)
  process.execve(executable, [executable, ...argv.slice(2)], env);
else run(executable);

function findExecutable() {
  const names = platform === "linux" ? linuxNames() : [`yurt-${machine}`];
  const { resolve } = createRequire(import.meta.url);
  for (const name of names) {
    try {
      return resolve(`${name}/bin/${platform === "win32" ? "yurt.exe" : "yurt"}`);
    } catch {
      // This package is not installed.
    }
  }
  return undefined;
}

/** The packages for this machine's C library first. A npm that does not know the field "libc" installs both. */
function linuxNames() {
  process.report.excludeNetwork = true;
  const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  return isGlibc ? [`yurt-${machine}`] : [`yurt-${machine}-musl`];
}

function run(path) {
  // In a process group of its own the child gets one Ctrl-C, from here, and not a second one from the terminal.
  const child = spawn(path, argv.slice(2), { stdio: "inherit", detached: platform !== "win32" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`yurt: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
