import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { run } from "../../../src/cli/program.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { yurt } from "../../support/processes/run-program.ts";

const secret = "0123456789abcdef0123456789abcdef";

let folder: Workshop;
let path: string;
beforeAll(() => {
  folder = new Workshop();
  path = folder.file("yurt.toml");
});
afterAll(() => folder[Symbol.dispose]());

/** Runs yurt with a configuration file of this text, which no flag names. */
async function yurtWith(text: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  writeFileSync(path, text, { mode: 0o644 });
  const { code, out, err } = await yurt(args, { environment, configurationPaths: [path] });
  const shown = (output: string) => output.replaceAll(`${folder.path}/`, "");
  return { code, out: shown(out), err: shown(err) };
}

describe("yurt check", () => {
  test("says what a valid configuration was read from, and starts nothing", async () => {
    const text = `data = "${folder.file("data")}"\nhost = "::1"\nport = 5\n`;
    const { code, out, err } = await yurtWith(text, ["check", "--limits", "json-depth=3,name-bytes=9", "-p", "6"], {
      YURT_LOG_LEVEL: "warn",
    });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^The configuration is valid\.\n\n {2}File {10}yurt\.toml \(2 settings\)\n {2}Environment {3}YURT_LOG_LEVEL\n {2}Flags {9}--port, --limits\n {2}Defaults {6}\d+ settings\n$/,
    );
    expect(existsSync(folder.file("data"))).toBeFalse();
  });

  test("ends with 78 and all problems", async () => {
    const { code, out, err } = await yurtWith("prot = 1\n[log]\nlevel = 3\n", ["check", "--port", "x"], {
      YURT_DATA: "",
    });
    expect([code, out]).toEqual([78, ""]);
    expect(err).toBe(`yurt: Invalid configuration (4 problems).

  yurt.toml:1:1: Unknown key prot
    Did you mean port?

  log.level = 3 (yurt.toml:3:9)
    Write a string in quotes. Give one of trace, debug, info, warn, error,
    fatal, silent.

  port = "x" (flag --port)
    Give a whole number from 0 to 65535 (0 takes any free port).

  data = "" (environment variable YURT_DATA)
    Give the path of a folder; it is created if it does not exist.
`);
  });

  test("warns of what is probably not wanted, and ends with 0", async () => {
    const text = `data = "x"\n[auth]\nmode = "open"\nsecret = "${secret}"\norigins = ["null"]\n`;
    const { code, err } = await yurtWith(text, ["check", "--host", "::", "--auth-webhook-secret", webhookSecret], {
      YURT_PROT: "1",
      YURT_CONFIG: path,
      STATE_DIRECTORY: "/var/lib/yurt",
      YURT_AUTH_MODE: "webhook",
      YURT_AUTH_WEBHOOK_URL: "https://app.example",
    });
    expect(code).toBe(0);
    expect(
      err
        .replaceAll(/\n {2}/g, " ")
        .trimEnd()
        .split("\n"),
    ).toEqual([
      "yurt: Warning: There is no variable YURT_PROT. Did you mean YURT_PORT?",
      "yurt: Warning: Every user of this machine can read auth.webhook-secret in the command line. Name a file with YURT_AUTH_WEBHOOK_SECRET_FILE.",
      "yurt: Warning: Every user of this machine can read the secrets in yurt.toml. Run chmod o-r yurt.toml.",
      "yurt: Warning: data (yurt.toml:1:8) has no effect, because the variable STATE_DIRECTORY is set. Set YURT_DATA, or unset STATE_DIRECTORY.",
      "yurt: Warning: Origin null: Every local file and every sandboxed frame has it, foreign ones too. Serve your page over HTTP instead.",
    ]);
    const open = await yurtWith(text, ["check", "--host", "::"]);
    expect(open.err.replaceAll(/\s+/g, " ")).toContain(
      "can use the server, and send traffic through its TURN, because",
    );
    const metrics = await yurtWith("", ["check", "--metrics-listen", "0.0.0.0:9464"]);
    expect([metrics.code, metrics.err.replaceAll(/\s+/g, " ")]).toEqual([
      0,
      expect.stringContaining("Anyone who can reach 0.0.0.0 at the port of metrics.listen can read the metrics."),
    ]);
    const local = await yurtWith("", ["check", "--metrics-listen", "127.0.0.1:9464"]);
    expect(local.err).toBe("");
  });

  const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
});

describe("the configuration file", () => {
  test.each([
    ["serve", 78],
    ["", 78],
    ["check", 78],
    ["config show", 78],
    ["health", 78],
    ["token a", 78],
    ["backup x", 78],
    ["documents list", 78],
    ["version", 0],
    ["limits", 0],
    ["config init", 0],
    ["help token", 0],
  ])("that is not valid TOML ends yurt %s with %p", async (line, code) => {
    const ended = await yurtWith(
      "data = ",
      line.split(" ").filter((word) => word !== ""),
    );
    expect(ended.code).toBe(code);
    if (code === 78) expect(ended.err).toContain("  yurt.toml:1:8: Invalid TOML: ");
  });

  test.each([
    ["version", 0],
    ["limits", 0],
    ["check", 1],
  ])("is not even looked for by commands without settings: yurt %s", async (command, expected) => {
    const paths: string[] = [];
    const output = { write: (_: string, taken?: () => void) => taken?.() };
    await run({
      args: [command],
      environment: {},
      readFile: (path) => {
        paths.push(path);
        return "";
      },
      configurationPaths: ["/nowhere/yurt.toml"],
      stdout: output,
      stderr: output,
    });
    expect(paths).toHaveLength(expected);
  });

  test("is read by commands that read settings, on either side of the command's name", async () => {
    const text = `data = "${folder.file("nowhere")}"\n`;
    expect((await yurtWith(text, ["documents", "list"])).err).toContain("nowhere");
    const other = folder.file("other.toml");
    writeFileSync(other, `data = "${folder.file("elsewhere")}"\n`);
    for (const args of [
      ["--config", other, "documents", "list"],
      ["documents", "list", "--config", other],
    ]) {
      expect((await yurtWith(text, args)).err).toContain("elsewhere");
    }
    expect((await yurtWith(text, ["documents", "list"], { YURT_CONFIG: other })).err).toContain("elsewhere");
  });
});
