import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { NpmRegistry } from "../../support/packaging/npm-registry.ts";
import { buildRelease, runProgram } from "../../support/packaging/release-build.ts";
import { missingForSystemd, runUnderSystemd } from "../../support/packaging/system-copy.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { ensureExecutable, executable } from "../../support/processes/executable.ts";

setDefaultTimeout(180_000);

const { version } = packageJson;
const workshop = new Workshop();
const release = workshop.file("release");
const archive = `yurt-${version}-linux-x64.tar.gz`;
const debian = `yurt_${version}_amd64.deb`;
const isLinuxX64 = process.platform === "linux" && process.arch === "x64";
const missingTool = ["tar", "zip", "dpkg-deb"].find((name) => Bun.which(name) === null);
const canRelease = isLinuxX64 && missingTool === undefined;
if (!canRelease)
  console.log(`note  no release is made: ${missingTool ?? "this is not Linux on x64"}; its tests are skipped`);

let mirror: Bun.Server<undefined>;
let mirrorUrl: string;

beforeAll(async () => {
  if (!canRelease) return;
  // The address is that of the installer, which is part of the release.
  mirror = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => new Response(Bun.file(join(workshop.path, new URL(url).pathname))),
    error: () => new Response("not found", { status: 404 }),
  });
  mirrorUrl = `http://127.0.0.1:${mirror.port}`;
  await Promise.all([
    ensureExecutable(),
    buildRelease(release, "umask 022; export TZ=UTC LC_ALL=C", ["--download-url", `${mirrorUrl}/release`]),
  ]);
});

afterAll(async () => {
  await mirror?.stop(true);
  workshop[Symbol.dispose]();
});

const read = (...path: string[]) => readFile(join(release, ...path), "utf8");

describe.skipIf(!canRelease)("a release", () => {
  test("has the same bytes again, on the machine of somebody else", async () => {
    const again = workshop.file("again", "in a folder");
    await buildRelease(again, "umask 077; export TZ=Asia/Tokyo LC_ALL=C.UTF-8 LANG=tr_TR.UTF-8", [
      "--download-url",
      `${mirrorUrl}/release`,
    ]);
    expect(await readFile(join(again, "SHA256SUMS"), "utf8")).toBe(await read("SHA256SUMS"));
  });

  test("lists every file of it in SHA256SUMS, in the form that sha256sum checks", async () => {
    const names = (await readdir(release)).filter((name) => name !== "SHA256SUMS");
    const listed = (await read("SHA256SUMS")).trimEnd().split("\n");
    expect(listed.map((line) => line.slice(66))).toEqual(names.sort());
    expect(names).toEqual(
      expect.arrayContaining([
        ...[archive, debian, "install.sh", `yurt-${version}.cdx.json`, "LICENSE"],
        `yurt-client-${version}.tgz`,
      ]),
    );
    expect((await runProgram(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: release })).code).toBe(0);
  });

  test("contains in its archive the executable of npm run build, and what belongs to it", async () => {
    const { stdout } = await runProgram(["tar", "-tzf", join(release, archive)]);
    const names = stdout
      .trim()
      .split("\n")
      .map((path) => path.slice(`yurt-${version}-linux-x64/`.length));
    expect(names.sort()).toEqual([
      "",
      ...["INSTALL.md", "LICENSE", "THIRD-PARTY-LICENSES.txt"],
      ...["completions/", "completions/_yurt", "completions/yurt.bash", "completions/yurt.fish"],
      ...["monitoring/", "monitoring/alerts.yml", "monitoring/grafana-dashboard.json"],
      ...["yurt", "yurt.example.toml", "yurt.service"],
    ]);
    await mkdir(workshop.file("unpacked"));
    await runProgram(["tar", "-xzf", join(release, archive), "-C", workshop.file("unpacked")]);
    const unpacked = workshop.file("unpacked", `yurt-${version}-linux-x64`, "yurt");
    expect((await readFile(unpacked)).equals(await readFile(executable))).toBeTrue();
  });
});

describe.skipIf(!canRelease)("the installer", () => {
  const install = (script: string, folder: string, environment: Record<string, string> = {}) =>
    runProgram(["sh", "-c", script], { environment: { YURT_INSTALL_DIR: folder, ...environment } });

  test("downloads, verifies and installs the executable, and does not depend on a folder", async () => {
    const folder = workshop.file("bin");
    const { code, stdout, stderr } = await install(`curl -fsSL ${mirrorUrl}/release/install.sh | sh`, folder);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`Installed yurt ${version} (bun ${Bun.version}, linux-x64) in ${folder}`);
    expect(stdout).toContain(`(${folder} is not in PATH)`);
    expect(await readdir(folder)).toEqual(["yurt"]);
    expect((await runProgram([join(folder, "yurt"), "version"])).stdout).toStartWith(`yurt ${version} `);
  });

  test("installs nothing when the archive is not the one of SHA256SUMS, or is not in it", async () => {
    const folder = workshop.file("refused");
    const bytes = await readFile(join(release, archive));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await mkdir(workshop.file("damaged"));
    await writeFile(workshop.file("damaged", archive), bytes);
    await writeFile(workshop.file("damaged", "SHA256SUMS"), await read("SHA256SUMS"));
    const damaged = await install(await read("install.sh"), folder, { YURT_DOWNLOAD_URL: `${mirrorUrl}/damaged` });
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(
      /^yurt: The checksum of \S+ is [0-9a-f]{64}, and SHA256SUMS says [0-9a-f]{64}\. Nothing/,
    );

    await writeFile(workshop.file("damaged", "SHA256SUMS"), "");
    const unknown = await install(await read("install.sh"), folder, { YURT_DOWNLOAD_URL: `${mirrorUrl}/damaged` });
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      `yurt: SHA256SUMS does not name ${archive}. The release is incomplete.\n`,
    ]);
    const absent = await install(await read("install.sh"), folder, { YURT_DOWNLOAD_URL: `${mirrorUrl}/absent` });
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining("SHA256SUMS cannot be downloaded.")]);
    expect(existsSync(folder)).toBeFalse();
  });

  test("keeps the executable that is there when the new one does not run on this machine", async () => {
    const folder = workshop.file("old");
    await mkdir(folder);
    await writeFile(join(folder, "yurt"), "the old one");
    const inside = `yurt-${version}-linux-x64`;
    await mkdir(workshop.file("broken", inside), { recursive: true });
    await writeFile(workshop.file("broken", inside, "yurt"), "#!/bin/sh\nexit 1\n");
    const pack = `tar -czf ${archive} ${inside} && sha256sum ${archive} > SHA256SUMS`;
    expect((await runProgram(["sh", "-c", pack], { cwd: workshop.file("broken") })).code).toBe(0);
    const { code, stderr } = await install(await read("install.sh"), folder, {
      YURT_DOWNLOAD_URL: `${mirrorUrl}/broken`,
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining("does not run on this machine, and was not installed")]);
    expect(await readdir(folder)).toEqual(["yurt"]);
    expect(await readFile(join(folder, "yurt"), "utf8")).toBe("the old one");
  });

  test("does nothing when a part of it was lost on the way", async () => {
    const folder = workshop.file("lost");
    const script = await read("install.sh");
    const lines = script.trimEnd().split("\n");
    for (const kept of [20, 60, lines.length - 1]) {
      const { stdout } = await install(lines.slice(0, kept).join("\n"), folder);
      expect(stdout).toBe("");
    }
    expect(existsSync(folder)).toBeFalse();
  });
});

describe.skipIf(!canRelease || Bun.which("npm") === null)("the package of npm", () => {
  test("brings the executable of this machine alone, and npx runs it", async () => {
    const tarballs = [`yurt-${version}.tgz`, `yurt-linux-x64-${version}.tgz`];
    const others = [
      ...["linux-arm64", "linux-x64-musl", "linux-arm64-musl", "darwin-x64", "darwin-arm64"],
      ...["windows-x64", "windows-arm64"],
    ].map((name) => {
      const [os = "", cpu = "", libc = os === "linux" ? "glibc" : undefined] = name.split("-");
      return {
        name: `yurt-${name}`,
        version,
        os: [os.replace("windows", "win32")],
        cpu: [cpu],
        ...(libc && { libc: [libc] }),
      };
    });
    await using registry = await NpmRegistry.open(release, tarballs, others);
    const folder = workshop.file("npm");
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), "{}");
    const npm = (...command: string[]) =>
      runProgram(command, {
        cwd: folder,
        environment: {
          npm_config_registry: registry.url,
          npm_config_cache: join(folder, "cache"),
          npm_config_audit: "false",
          npm_config_update_notifier: "false",
        },
      });
    const first = await npm("npx", "--yes", "yurt", "version");
    expect(first).toEqual({ code: 0, stdout: `yurt ${version} (bun ${Bun.version}, linux-x64)\n`, stderr: "" });
    expect((await npm("npm", "install", "yurt")).code).toBe(0);
    const installed = (await readdir(join(folder, "node_modules"))).filter((name) => name.startsWith("yurt"));
    expect(installed).toEqual(["yurt", "yurt-linux-x64"]);
    expect(registry.refused).toEqual([]);
    const usage = await npm("npx", "yurt", "no-such-command");
    expect([usage.code, usage.stderr]).toEqual([2, expect.stringContaining("yurt: ")]);
  });
});

const missingForDebian = canRelease ? await missingForSystemd() : "no release is made";
if (missingForDebian !== undefined) {
  console.log(`note  the Debian package is not installed: ${missingForDebian}; its test is skipped`);
}

describe.skipIf(missingForDebian !== undefined)("the Debian package", () => {
  test("installs a service that serves, reloads, restarts and stops, and is removed without the documents", async () => {
    const file = join(release, debian);
    const output = await runUnderSystemd(`
      say() { echo "$1: $(shift; "$@" 2>&1)"; }
      property() { systemctl show yurt --property "$1" --value; }
      wait_for() { for attempt in $(seq 150); do test "$("$@")" && return; sleep 0.2; done; }
      is_ready() { curl --silent "http://127.0.0.1:$1/readyz" | grep -x ready; }
      has_restarted() { property NRestarts | grep -x 1; }
      is_running() { property SubState | grep -x running; }
      ready() { wait_for is_ready "$1" && echo ready; }
      settings=/etc/yurt/yurt.toml

      dpkg --install ${file} > /tmp/install 2>&1
      say folder stat -c '%U %a' /var/lib/yurt
      say settings stat -c '%U:%G %a' $settings
      say enabled systemctl is-enabled yurt
      say active systemctl is-active yurt
      say status property StatusText
      say answers ready 4444
      say token sh -c "setpriv --reuid yurt --regid yurt --clear-groups yurt token notes | wc -w"

      systemctl reload yurt && wait_for is_running && echo "reloaded, and running"
      echo 'porrt = 1' >> $settings
      systemctl reload yurt > /dev/null 2>&1 || echo "invalid settings: not reloaded, still $(property SubState)"
      systemctl restart yurt > /dev/null 2>&1 || echo "invalid settings: not restarted, $(property NRestarts) tries"
      sed -i '/porrt/d; s/^#port = 4444/port = 443/' $settings
      systemctl restart yurt
      say 'port below 1024' ready 443
      kill -KILL "$(property MainPID)"
      wait_for has_restarted
      say 'after a crash' ready 443

      dpkg --install ${file} > /tmp/install 2>&1 < /dev/null
      say 'after an upgrade, with its settings' ready 443
      say events sh -c "journalctl --sync; journalctl --unit yurt --output cat | grep --only-matching '\\"event\\":\\"[a-z-]*' | sort -u | cut -c 10- | xargs"
      systemctl stop yurt && echo "stopped: $(property Result)"
      dpkg --remove yurt > /dev/null 2>&1
      test ! -e /usr/bin/yurt && test -e $settings && echo "removed, with its settings"
      dpkg --purge yurt > /dev/null
      test ! -e $settings && test -s /var/lib/yurt/yurt.db && echo "purged, without the documents"
    `);
    expect(output?.trimEnd().split("\n")).toEqual([
      "folder: yurt 700",
      "settings: root:yurt 640",
      "enabled: enabled",
      "active: active",
      "status: Serving at http://127.0.0.1:4444",
      "answers: ready",
      "token: 1",
      "reloaded, and running",
      "invalid settings: not reloaded, still running",
      "invalid settings: not restarted, 0 tries",
      "port below 1024: ready",
      "after a crash: ready",
      "after an upgrade, with its settings: ready",
      "events: listening reloaded stopped stopping",
      "stopped: success",
      "removed, with its settings",
      "yurt: The documents in /var/lib/yurt are kept. To remove them: rm -r /var/lib/yurt",
      "purged, without the documents",
    ]);
  });
});
