import { runProgram } from "./release-build.ts";

/**
 * Shell commands that run as root in a copy of this system: an overlay in memory, in a mount namespace of its own. The
 * files of `folder` are readable at their own path. Nothing outside is changed.
 */
export function runInSystemCopy(commands: string) {
  const overlay = "/mnt";
  const script = `
    set -e
    mount -t tmpfs tmpfs ${overlay}
    mkdir ${overlay}/changes ${overlay}/scratch ${overlay}/copy
    mount -t overlay overlay -o lowerdir=/,upperdir=${overlay}/changes,workdir=${overlay}/scratch ${overlay}/copy
    mount -t proc proc ${overlay}/copy/proc
    mount --rbind /dev ${overlay}/copy/dev
    exec chroot ${overlay}/copy /bin/sh -euc "$1"
  `;
  return runProgram(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", commands]);
}

/** Why `runInSystemCopy` and `dpkg` do not work here; undefined if they do. */
export async function missingForSystemCopy(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "this user is not root";
  if (["unshare", "dpkg", "dpkg-deb", "chroot"].some((name) => Bun.which(name) === null)) return "this is not Debian";
  const { code, stderr } = await runInSystemCopy("dpkg --version > /dev/null");
  return code === 0 ? undefined : stderr.trim();
}
