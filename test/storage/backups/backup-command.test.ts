import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { runBackupCommand } from "../../../src/storage/backups/backup-command.ts";
import { eventually } from "../../support/eventually.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop[Symbol.dispose]());

const path = { PATH: process.env["PATH"] };

function runCommand(command: string, { file = "/b/c.db", environment = {}, timeoutMs = 20_000, signal = never } = {}) {
  return runBackupCommand(file, { command, environment: { ...path, ...environment }, timeoutMs }, signal);
}

const never = new AbortController().signal;

describe.skipIf(process.platform === "win32")("a backup command", () => {
  test("finds the path of the backup in a variable, whatever the path contains", async () => {
    const out = workshop.file("out");
    const file = `${workshop.path}/a "b" $(touch ${workshop.path}/hacked); touch hacked'`;
    expect(await runCommand(`printf %s "$YURT_BACKUP_FILE" > '${out}'`, { file })).toEqual({ outcome: "done" });
    expect(readFileSync(out, "utf8")).toBe(file);
    expect(existsSync(workshop.file("hacked"))).toBe(false);
  });

  test("has the environment of the server, but none of its settings", async () => {
    const environment = { RCLONE_CONFIG: "/r", YURT_AUTH_SECRET: "hush" };
    const { output } = (await runCommand("env; exit 1", { environment })) as { readonly output: string };
    const names = output.split("\n").map((line) => line.replace(/=.*/s, ""));
    expect(names).toContain("RCLONE_CONFIG");
    expect(names.filter((name) => name.startsWith("YURT_"))).toEqual(["YURT_BACKUP_FILE"]);
  });

  test("that fails says with which code, and the end of its output", async () => {
    const long = await runCommand("printf 'a%.0s' $(seq 2000); echo; echo no space >&2; exit 3");
    expect(long).toMatchObject({ outcome: "failed", reason: "exit code 3" });
    const { output } = long as { readonly output: string };
    expect(output).toEndWith("no space");
    expect(output.length).toBeLessThanOrEqual(1_000);
    expect(await runCommand("kill -TERM $$")).toMatchObject({ outcome: "failed", reason: "ended by SIGTERM" });
  });

  test("that the system refuses to start fails", async () => {
    const ending = await runCommand(`true ${"x".repeat(200_000)}`);
    expect(ending).toMatchObject({ outcome: "failed", reason: expect.stringContaining("E2BIG"), output: "" });
  });

  test("that is no program fails", async () => {
    expect(await runCommand("/no/such/program")).toMatchObject({ outcome: "failed", reason: "exit code 127" });
  });

  test("that hangs is killed with the processes that it has started", async () => {
    const started = workshop.file("pid");
    const command = `sleep 60 & echo $! > '${started}'; wait`;
    const ending = await runCommand(command, { timeoutMs: 500 });
    expect(ending).toEqual({ outcome: "timeout", output: "" });
    await eventually("the started process ends", () => !isRunning(Number(readFileSync(started, "utf8"))));
  });

  test("is killed when the server stops", async () => {
    const controller = new AbortController();
    const ending = runCommand("sleep 60", { signal: controller.signal });
    controller.abort();
    expect(await ending).toMatchObject({ outcome: "failed", reason: "the server stops" });
  });

  test("does not keep the server waiting for what it leaves in the background", async () => {
    expect(await runCommand("sleep 2 & true")).toEqual({ outcome: "done" });
  });
});

/** A zombie that its parent has not collected yet counts as ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
