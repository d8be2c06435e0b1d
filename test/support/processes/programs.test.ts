import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../servers/start-test-server.ts";
import { findProgram, installCommand } from "./programs.ts";

describe("findProgram", () => {
  test("looks for a server beyond PATH, where Debian keeps it", () => {
    const found = findProgram("nginx", { PATH: "" });
    expect(found).toBe(existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : undefined);
  });

  test("takes the first executable on PATH, in the order of its names", async () => {
    const folder = await temporaryFolder();
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    await Promise.all([mkdir(first), mkdir(second)]);
    for (const path of [join(first, "google-chrome"), join(second, "chromium"), join(second, "firefox")]) {
      await writeFile(path, "");
      await chmod(path, 0o755);
    }
    await writeFile(join(first, "chromium"), "not executable", { mode: 0o644 });
    const environment = { PATH: `${first}:${second}` };
    expect(findProgram("chromium", environment)).toBe(join(second, "chromium"));
    expect(findProgram("firefox", environment)).toBe(join(second, "firefox"));
    expect(findProgram("chromium", { PATH: first })).toBe(join(first, "google-chrome"));
    expect(findProgram("firefox", { PATH: first })).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  test("takes the executable in CHROME_PATH before any on PATH", () => {
    expect(findProgram("chromium", { PATH: "", CHROME_PATH: "/opt/chrome" })).toBe("/opt/chrome");
    expect(findProgram("firefox", { PATH: "", CHROME_PATH: "/opt/chrome" })).toBeUndefined();
  });
});

test("installCommand is the command for Debian, with and without sudo", () => {
  expect(installCommand(["chromium", "firefox"])).toBe(
    "sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium-headless-shell firefox-esr",
  );
  expect(installCommand(["prometheus", "promtool"], "")).toEndWith(" --no-install-recommends prometheus");
  expect(installCommand(["firefox"], "")).toBe(
    "apt-get update && apt-get install -y --no-install-recommends firefox-esr",
  );
});
