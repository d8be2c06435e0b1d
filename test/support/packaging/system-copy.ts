import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./release-build.ts";

const cgroups = "/sys/fs/cgroup/systemd";

/**
 * Runs shell commands as root in a copy of this system whose first process is systemd: a container with namespaces and a
 * control group of its own, and with a network that is its own loopback. Resolves with the output of the commands, and
 * with undefined if systemd has not run them.
 */
export async function runUnderSystemd(commands: string): Promise<string | undefined> {
  const group = join(cgroups, `yurt-test-${process.pid}`);
  mkdirSync(group);
  const unit = `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh /test-commands
StandardOutput=append:/test-output
StandardError=append:/test-output
ExecStopPost=/bin/sh -c "systemctl poweroff --force --force > /dev/null 2>&1"
`;
  // No service of this system is started: the target wants the test alone.
  const script = `
    set -e
    mount -t tmpfs tmpfs /mnt
    mkdir /mnt/changes /mnt/scratch /mnt/copy
    copy=/mnt/copy
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/changes,workdir=/mnt/scratch $copy
    mount -t proc proc $copy/proc
    mount -t sysfs -o ro sysfs $copy/sys
    mount -t tmpfs tmpfs $copy/sys/fs/cgroup
    mkdir $copy${cgroups}
    mount -t cgroup -o none,name=systemd cgroup $copy${cgroups}
    mount -t tmpfs -o mode=755 tmpfs $copy/run
    mount -t tmpfs tmpfs $copy/dev
    for device in null zero full random urandom tty; do cp -a /dev/$device $copy/dev/; done
    ln -s /proc/self/fd $copy/dev/fd; ln -s pts/ptmx $copy/dev/ptmx
    mkdir $copy/dev/shm $copy/dev/pts
    mount -t devpts -o newinstance,ptmxmode=0666 devpts $copy/dev/pts
    ip link set lo up
    # This file, where it exists, keeps packages from starting services.
    rm -f $copy/usr/sbin/policy-rc.d
    printf '%s' "$1" > $copy/etc/systemd/system/test.service
    printf '%s' "$2" > $copy/test-commands
    printf '[Unit]\\nDefaultDependencies=no\\nWants=test.service\\n' > $copy/etc/systemd/system/test.target
    touch $copy/test-output
    exec 3< $copy/test-output
    # The first process of the namespace is this shell; systemd must be one, so it gets a namespace of its own.
    timeout --signal=KILL 60 env -i container=other PATH="$PATH" unshare --pid --fork --kill-child --mount-proc=$copy/proc \\
      chroot $copy /lib/systemd/systemd --unit=test.target --log-target=journal --show-status=0 < /dev/null || true
    cat <&3
  `;
  const enter = `echo $$ > ${group}/cgroup.procs; exec "$@"`;
  const namespaces = ["--mount", "--cgroup", "--net", "--ipc", "--uts"];
  const command = ["unshare", ...namespaces, "sh", "-c", script, "sh", unit, commands];
  try {
    const { stdout } = await runProgram(["sh", "-c", enter, "sh", ...command]);
    return stdout === "" ? undefined : stdout;
  } finally {
    await removeGroup(group);
  }
}

/** Why `runUnderSystemd` does not work here; undefined if it does. */
export async function missingForSystemd(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "this user is not root";
  const missing = ["unshare", "systemctl", "ip", "dpkg"].find((name) => Bun.which(name) === null);
  if (missing !== undefined) return `${missing} is not installed`;
  if (!existsSync(cgroups)) return `${cgroups} is not mounted`;
  return (await runUnderSystemd("echo started")) === "started\n" ? undefined : "systemd does not start in a container";
}

/** Removes a control group and those in it. They stay busy for a moment after their last process has ended. */
async function removeGroup(group: string): Promise<void> {
  const inside = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of inside) await removeGroup(join(group, name));
  for (let left = 50; ; left -= 1) {
    try {
      return rmdirSync(group);
    } catch (error) {
      if (left === 0) throw error;
      await Bun.sleep(20);
    }
  }
}
