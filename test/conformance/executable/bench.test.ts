import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureExecutable } from "../../support/processes/executable.ts";

const main = join(import.meta.dir, "../../../scripts/bench/main.ts");

test.skipIf(process.platform !== "linux")(
  "the bench delivers its load through the executable, and leaves nothing behind",
  async () => {
    await ensureExecutable();
    const folder = await mkdtemp(join(tmpdir(), "yurt-bench-test-"));
    try {
      const args = ["--quick", "--scenario", "one-room", "--server", "yurt", "--json", join(folder, "results.json")];
      const child = Bun.spawn([process.execPath, "--no-env-file", main, ...args], {
        env: { ...process.env, TMPDIR: folder },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 50_000,
      });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      expect(stderr).toBe("");
      expect(await child.exited).toBe(0);
      expect(stdout).toContain("### one-room");
      const { results } = await Bun.file(join(folder, "results.json")).json();
      expect(results).toMatchObject([{ scenario: "one-room", server: "yurt", runs: [{ deliveries: 20_000 }] }]);
      expect(await Array.fromAsync(new Bun.Glob("*").scan({ cwd: folder, onlyFiles: false }))).toEqual([
        "results.json",
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
