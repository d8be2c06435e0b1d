import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { npmExecutable, npmNameOf } from "../../../scripts/release/npm-packages.ts";
import { targets } from "../../../scripts/release/targets.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

const node = Bun.which("node");
const workshop = new Workshop();
const launcher = workshop.file("yurt.mjs");

/** A program in the place of each executable: it says its name and its arguments, and waits for a signal if asked to. */
const program = `#!/bin/sh
trap 'echo stopped; exit 5' TERM
echo "$(basename "$(dirname "$(dirname "$0")")") $*"
[ "$1" = wait ] || exit 7
while :; do sleep 0.05; done
`;

beforeAll(async () => {
  await copyFile(join(import.meta.dir, "../../../scripts/packaging/npm/yurt.mjs"), launcher);
  for (const target of targets) {
    const file = workshop.file("node_modules", npmNameOf(target), npmExecutable(target));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, program);
    await chmod(file, 0o755);
    await writeFile(workshop.file("node_modules", npmNameOf(target), "package.json"), "{}");
  }
});

afterAll(() => workshop[Symbol.dispose]());

/** Runs the launcher in a Node that takes itself for another machine's, without `execve`, which Windows has not. */
function launch(facts: Readonly<Record<string, unknown>>, args: readonly string[]) {
  const pretend = Object.entries({ execve: undefined, ...facts }).map(([name, value]) => {
    return `Object.defineProperty(process, "${name}", { value: ${JSON.stringify(value)} });`;
  });
  const preload = `data:text/javascript,${encodeURIComponent(pretend.join(""))}`;
  return Bun.spawn([node ?? "", "--import", preload, launcher, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

describe.skipIf(node === null)("the launcher of the npm package", () => {
  test.each(targets.filter(({ libc }) => libc !== "musl").map((target) => [target.name, target] as const))(
    "starts the executable for %s, and ends with its exit code",
    async (_, target) => {
      const child = launch({ platform: target.os, arch: target.cpu }, ["token", "a room"]);
      expect(await child.stdout.text()).toBe(`${npmNameOf(target)} token a room\n`);
      expect(await child.exited).toBe(7);
    },
  );

  test("takes the executable for musl where Node runs without glibc", async () => {
    const report = "({ getReport: () => ({ header: {} }) })";
    const preload = `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, "report", { value: ${report} })`)}`;
    const child = Bun.spawn([node ?? "", "--import", preload, launcher], { stdio: ["ignore", "pipe", "pipe"] });
    expect(await child.stdout.text()).toBe(`yurt-linux-${process.arch}-musl \n`);
  });

  test("passes a signal on, and waits for the executable", async () => {
    const child = launch({}, ["wait"]);
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGTERM");
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("stopped\n");
    expect(await child.exited).toBe(5);
  });

  test("says what is missing where there is no executable", async () => {
    const child = launch({ platform: "freebsd" }, []);
    expect(await child.stderr.text()).toStartWith("yurt: There is no executable for freebsd-");
    expect(await child.exited).toBe(1);
  });
});
