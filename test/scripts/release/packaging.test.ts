import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checksumIn } from "../../../scripts/release/bun-binaries.ts";
import { mainManifest, targetManifest } from "../../../scripts/release/npm-packages.ts";
import { archiveFiles, debianFiles } from "../../../scripts/release/release-files.ts";
import { bunPackageOf, targets } from "../../../scripts/release/targets.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { yurt } from "../../support/processes/run-program.ts";

const root = join(import.meta.dir, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const lock = read("bun.lock");
const unit = read("scripts/packaging/systemd/yurt.service");

const texts = {
  version: "1.2.3",
  license: "MIT",
  notices: "notices",
  settings: (await yurt(["config", "init"])).out,
  unit,
  install: read("scripts/packaging/INSTALL.md"),
  changelog: "",
  monitoring: { alerts: "groups: []", dashboard: "{}" },
  completions: { bash: "", zsh: "", fish: "" },
};
const contentOf = (files: readonly { path: string; content: unknown }[], path: string) =>
  String(files.find((file) => file.path === path)?.content);

test("every target has a Bun whose checksum is in bun.lock", () => {
  const without = targets.filter((target) => checksumIn(lock, `${bunPackageOf(target)}@${Bun.version}`) === undefined);
  expect(without).toEqual([]);
  expect(
    checksumIn(lock, `${bunPackageOf(targets[0] ?? { name: "", os: "linux", cpu: "x64" })}@0.0.1`),
  ).toBeUndefined();
});

describe("the archive", () => {
  test.each(targets.map((target) => [target.name, target] as const))(
    "for %s explains how to install it",
    (_, target) => {
      const files = archiveFiles(target, new Uint8Array(), texts);
      const instructions = contentOf(files, "INSTALL.md");
      expect(instructions).toStartWith("# Yurt 1.2.3\n");
      expect(instructions).not.toContain("@");
      expect(instructions.split("\n").every((line) => line.length <= 80)).toBeTrue();
      const names = files.map(({ path }) => path);
      const named = Array.from(
        instructions.matchAll(/(?:\s|`)((?:yurt\.|LICENSE|THIRD)[\w.-]*)/g),
        ([, name = ""]) => name,
      );
      expect(named.length).toBeGreaterThan(1);
      expect(named.filter((name) => !names.includes(name))).toEqual([]);
    },
  );

  test("has the unit of systemd for Linux only, with the folder of the executable", () => {
    for (const target of targets) {
      const files = archiveFiles(target, new Uint8Array(), texts);
      const found = files.some(({ path }) => path === "yurt.service");
      expect(found).toBe(target.os === "linux");
      if (found) expect(contentOf(files, "yurt.service")).toContain("\nExecStart=/usr/local/bin/yurt serve\n");
    }
  });
});

test("the settings for the service name its data folder in the archive for Linux as in the Debian package", () => {
  const own = contentOf(debianFiles(new Uint8Array(), texts), "etc/yurt/yurt.toml");
  for (const target of targets) {
    const inArchive = contentOf(archiveFiles(target, new Uint8Array(), texts), "yurt.example.toml");
    expect(inArchive).toBe(target.os === "linux" ? own : texts.settings);
  }
});

describe("the Debian package", () => {
  test("has a configuration file that is valid and sets the data folder alone", async () => {
    using workshop = new Workshop();
    const path = workshop.file("yurt.toml");
    await Bun.write(path, contentOf(debianFiles(new Uint8Array(), texts), "etc/yurt/yurt.toml"));
    expect((await yurt(["check", "--config", path])).code).toBe(0);
    const { out } = await yurt(["config", "show", "--json", "--config", path]);
    const set = out.split("\n").filter((line) => line.includes("yurt.toml"));
    expect(set).toEqual([expect.stringMatching(/"data".*"\/var\/lib\/yurt"/)]);
    expect(() => debianFiles(new Uint8Array(), { ...texts, settings: "" })).toThrow("has no line");
  });

  test("lists as its conffiles all files in /etc", () => {
    const inEtc = debianFiles(new Uint8Array(), texts).flatMap(({ path }) =>
      path.startsWith("etc/") ? [`/${path}`] : [],
    );
    expect(read("scripts/packaging/debian/conffiles").trimEnd().split("\n")).toEqual(inEtc);
  });
});

describe("the unit of systemd", () => {
  test("keeps the variables out that would take the executable over, and lets it compile code", () => {
    expect(unit).toMatch(/^UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN NODE_OPTIONS$/m);
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
  });
});

describe("the packages of npm", () => {
  test("are one for each target, which the main one depends on in its own version", () => {
    const { optionalDependencies } = mainManifest(targets, "1.2.3");
    const own = targets.map((target) => targetManifest(target, "1.2.3"));
    expect(optionalDependencies).toEqual(Object.fromEntries(own.map(({ name, version }) => [name, version])));
    const machines = own.map(({ os, cpu, ...rest }) => JSON.stringify([os, cpu, "libc" in rest ? rest.libc : ""]));
    expect(new Set(machines).size).toBe(targets.length);
  });
});

test("the Homebrew formula and the installer use names of archives that a release has", () => {
  const archives = targets.map(({ name, os }) => `yurt-1.2.3-${name}.${os === "win32" ? "zip" : "tar.gz"}`);
  const formula = read("scripts/packaging/homebrew/yurt.rb").replaceAll("@VERSION@", "1.2.3");
  const named = Array.from(formula.matchAll(/@URL@\/([^"]+)"/g), ([, name = ""]) => name);
  expect(named).toHaveLength(4);
  expect(named.filter((name) => !archives.includes(name))).toEqual([]);
  expect(read("scripts/packaging/install.sh")).toContain('archive="yurt-$version-$target.tar.gz"');
});

describe.skipIf(process.platform === "win32")("a script of the packages", () => {
  /** Runs a script with these programs in place of those of the system. */
  const runWith = async (programs: Record<string, string>, script: string, ...args: readonly string[]) => {
    using workshop = new Workshop();
    for (const [name, body] of Object.entries(programs)) {
      await Bun.write(workshop.file("bin", name), `#!/bin/sh\n${body}\n`);
      chmodSync(workshop.file("bin", name), 0o755);
    }
    const env = { PATH: `${workshop.file("bin")}:${process.env["PATH"]}`, HOME: workshop.path };
    const child = Bun.spawn(["sh", "-c", script, "sh", ...args], { env, stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, stdout, stderr };
  };

  test.each([
    ["system", { uname: '[ "$1" = -m ] && echo x86_64 || echo FreeBSD' }],
    ["processor", { uname: '[ "$1" = -m ] && echo riscv64 || echo Linux' }],
  ])("ends before any download on an unknown %s", async (_, programs) => {
    const script = read("scripts/packaging/install.sh").replaceAll("@URL@", "http://127.0.0.1:9");
    const { code, stdout, stderr } = await runWith({ ...programs, curl: "exit 7" }, script);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^yurt: There is no executable for .*\n$/);
  });

  test("configures the Debian package also when its configuration file was deleted", async () => {
    const known = { getent: "", adduser: "", install: "", systemctl: "" };
    const helpers = { "deb-systemd-helper": "", "deb-systemd-invoke": "" };
    const folder = "/no/such/folder/yurt.toml";
    const script = read("scripts/packaging/debian/postinst").replaceAll("/etc/yurt/yurt.toml", folder);
    expect(await runWith({ ...known, ...helpers }, script, "configure", "1.2.3")).toMatchObject({
      code: 0,
      stderr: "",
    });
  });
});
