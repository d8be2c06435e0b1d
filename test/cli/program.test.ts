import { describe, expect, test } from "bun:test";
import { type OptionKey, optionKeys, options } from "../../src/composition/options.ts";
import { variableOf } from "../../src/config/option.ts";
import { yurt } from "../support/processes/run-program.ts";

describe("yurt --help", () => {
  test("names every setting's variable and every command", async () => {
    const { code, out, err } = await yurt(["--help"]);
    expect([code, err]).toEqual([0, ""]);
    const isShown = (key: OptionKey) => !("isRare" in options[key]);
    for (const key of optionKeys.filter(isShown)) expect(out).toContain(variableOf(key));
    const names = ["serve", "health", "backup", "restore", "documents", "version"];
    for (const command of names) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test("shows the flag of a boolean that changes the default", async () => {
    const { out } = await yurt(["--help"]);
    expect(out).toMatch(/^ {2}--no-sync +signaling only: store no documents\s+\(YURT_SYNC_ENABLED=false\)$/m);
    expect(out).not.toMatch(/--sync\s/);
  });

  test.each([[["help"]], [["serve", "--help"]], [["help", "health"]]])("is also %p", async (args) => {
    const { code, out } = await yurt(args);
    expect(code).toBe(0);
    expect(out).toContain("--log-level <level>");
  });
});

test("yurt documents alone shows what there is, and ends with 2", async () => {
  const { code, out, err } = await yurt(["documents"]);
  expect([code, out]).toEqual([2, ""]);
  for (const command of ["list", "info", "compact", "import"]) expect(err).toMatch(new RegExp(`^  ${command} `, "m"));
});

describe("the version", () => {
  test.each([[["version"]], [["--version"]]])("is printed by %p", async (args) => {
    expect(await yurt(args)).toEqual({
      code: 0,
      out: `yurt 0.1.0 (bun ${Bun.version}, ${process.platform}-${process.arch})\n`,
      err: "",
    });
  });
});

describe("a mistake in the command line ends with 2 and the nearest name", () => {
  const hint = "Run yurt --help to see what there is.\n";

  test.each<[readonly string[], string]>([
    [["serv"], "error: unknown command 'serv'\n(Did you mean serve?)\n"],
    [["helth", "--port", "1"], "error: unknown command 'helth'\n(Did you mean health?)\n"],
    [["--port", "1", "helth"], "error: unknown command 'helth'\n(Did you mean health?)\n"],
    [["xyzzy"], "error: unknown command 'xyzzy'\n"],
    [["--prot", "1"], "error: unknown option '--prot'\n(Did you mean --port?)\n"],
    [["--no-snyc"], "error: unknown option '--no-snyc'\n(Did you mean --no-sync?)\n"],
    [["health", "--hots", "::1"], "error: unknown option '--hots'\n(Did you mean --host?)\n"],
    [["--auth-secrt=it's 'secret'"], "error: unknown option '--auth-secrt=…'\n"],
    [["serve", "--auth-secrt", "s3cret"], "error: unknown option '--auth-secrt'\n(Did you mean --auth-secret?)\n"],
    [["--log-leve", "info"], "error: unknown option '--log-leve'\n(Did you mean --log-level?)\n"],
    [["serve", "--xyzzy"], "error: unknown option '--xyzzy'\n"],
    [["-p", "1"], "error: unknown option '-p'\n"],
    [["--port"], "error: option '--port <port>' argument missing\n"],
    [["serve", "example.com"], "error: too many arguments for 'serve'. Expected 0 arguments but got 1: example.com.\n"],
    [["documents", "lst"], "error: unknown command 'lst'\n(Did you mean list?)\n"],
    [["documents", "list", "--jsno"], "error: unknown option '--jsno'\n(Did you mean --json?)\n"],
    [["health", "--json"], "error: unknown option '--json'\n"],
    [["documents", "info"], "error: missing required argument 'name'\n"],
    [["documents", "import", "--from", "y-leveldb"], "error: missing required argument 'path'\n"],
    [["documents", "import", "a"], "error: required option '--from <format>' not specified\n"],
    [["documents", "import", "--from"], "error: option '--from <format>' argument missing\n"],
    [
      ["documents", "import", "--from", "redis", "a"],
      "error: option '--from <format>' argument 'redis' is invalid. Allowed choices are hocuspocus-sqlite, y-leveldb.\n",
    ],
    [["documents", "list", "--from", "y-leveldb"], "error: unknown option '--from'\n"],
    [
      ["documents", "import", "--from", "y-leveldb", "--dry-urn", "a"],
      "error: unknown option '--dry-urn'\n(Did you mean --dry-run?)\n",
    ],
    [["backup"], "error: missing required argument 'target'\n"],
    [["restore", "a", "b"], "error: too many arguments for 'restore'. Expected 1 argument but got 2: a, b.\n"],
    [["version", "2"], "error: too many arguments for 'version'. Expected 0 arguments but got 1: 2.\n"],
  ])("%p", async (args, message) => {
    expect(await yurt(args)).toEqual({ code: 2, out: "", err: message + hint });
  });
});

describe("a bad configuration ends with 78", () => {
  test.each([[[]], [["serve"]], [["health"]]])("when yurt %p runs", async (args) => {
    const { code, out, err } = await yurt([...args, "--port", "-1"], { environment: { YURT_LOG_LEVEL: "loud" } });
    expect([code, out]).toEqual([78, ""]);
    expect(err).toContain('port = "-1" (flag --port)');
    expect(err).toContain('log.level = "loud" (environment variable YURT_LOG_LEVEL)');
  });

  test("whichever side of the command the flags are on", async () => {
    expect(await yurt(["--port", "x", "health"])).toEqual(await yurt(["health", "--port", "x"]));
  });

  test.each([
    ["documents list"],
    ["documents compact"],
    ["documents import --from y-leveldb x"],
    ["backup x"],
    ["restore x"],
  ])("of the data folder alone when yurt %s runs, which uses nothing else", async (line) => {
    const environment = { YURT_HOST: "0.0.0.0", YURT_PORT: "-1", YURT_DATA: "" };
    const { code, out, err } = await yurt(line.split(" "), { environment });
    expect([code, out]).toEqual([78, ""]);
    expect(err).toStartWith("yurt: 1 problem in the configuration, nothing was started\n\n  data = ");
  });

  test("of which the last flag counts", async () => {
    expect((await yurt(["health", "--port", "70000", "--port", "0"])).code).toBe(1);
  });
});
