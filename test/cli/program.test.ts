import { describe, expect, test } from "bun:test";
import { optionKeys, options } from "../../src/composition/settings/options.ts";
import { flagOf, type Option } from "../../src/config/option.ts";
import { yurt } from "../support/processes/run-program.ts";

const fitsTerminal = (text: string) => text.split("\n").every((line) => line.length <= 80);

describe("help", () => {
  test("names every command, the four main flags and examples in less than 55 lines", async () => {
    const { code, out, err } = await yurt(["--help"]);
    expect([code, err]).toEqual([0, ""]);
    const names = [
      "serve",
      "health",
      "token",
      "backup",
      "restore",
      "check",
      "config",
      "documents",
      "limits",
      "completion",
      "licenses",
      "version",
    ];
    for (const command of names) expect(out).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    for (const flag of ["--port", "--host", "--data", "--auth-mode"]) expect(out).toContain(`${flag} <`);
    expect(out).toContain("Examples:\n  yurt ");
    expect(out).not.toContain("--sync-memory");
    expect(out.split("\n").length).toBeLessThan(55);
  });

  test("of serve names every setting that is not rare, in groups", async () => {
    const { out } = await yurt(["serve", "--help"]);
    for (const key of optionKeys) {
      const option: Option<unknown> = options[key];
      const flag = flagOf(key, option, String(option.default !== true));
      if (option.isRare === true) expect(out).not.toContain(`${flag} `);
      else expect(out).toMatch(new RegExp(`^  (-., )?${flag}( |$)`, "m"));
    }
    for (const group of ["Network", "Storage", "Access", "Protocols", "Limits", "Log"])
      expect(out).toContain(`${group}:`);
  });

  test("shows the flag of a boolean that changes the default", async () => {
    const { out } = await yurt(["serve", "--help"]);
    expect(out).toContain("  --no-sync               signaling only: store no documents\n");
    expect(out).not.toMatch(/--sync\s/);
  });

  test.each([
    [
      "token",
      ["--read", "--ttl <time>", "--data <folder>", "--auth-secret <secret>", "--config <file>"],
      ["--port", "--sync"],
    ],
    ["backup", ["--verify", "--data <folder>"], ["--port", "--auth"]],
    ["documents import", ["--from <format>", "hocuspocus-sqlite", "--data <folder>"], ["--port", "--auth"]],
    ["health", ["--host <address>", "-p, --port <port>"], ["--data", "--sync"]],
    ["version", ["-h, --help"], ["--data", "--port", "--config"]],
  ])("of %s shows its own options and the settings that it reads, and no others", async (command, shown, hidden) => {
    const { code, out } = await yurt([...command.split(" "), "--help"]);
    expect(code).toBe(0);
    for (const text of shown) expect(out).toContain(text);
    for (const text of hidden) expect(out).not.toContain(text);
  });

  test.each([
    "",
    "serve",
    "token",
    "backup",
    "restore",
    "documents",
    "documents import",
    "health",
    "limits",
    "completion",
    "licenses",
    "check",
    "config",
    "config show",
    "config init",
  ])("of %p fits into 80 columns, and is the same with -h", async (command) => {
    const words = command.split(" ").filter((word) => word !== "");
    const { out } = await yurt([...words, "--help"]);
    expect(fitsTerminal(out)).toBeTrue();
    expect(await yurt([...words, "-h"])).toMatchObject({ code: 0, out });
  });

  test("of a command is also printed by yurt help", async () => {
    expect(await yurt(["help"])).toEqual(await yurt(["--help"]));
    expect(await yurt(["help", "token"])).toEqual(await yurt(["token", "--help"]));
    const listHelp = await yurt(["documents", "list", "--help"]);
    expect(await yurt(["help", "documents", "list"])).toEqual(listHelp);
    expect(await yurt(["documents", "help", "list"])).toEqual(listHelp);
  });
});

test("yurt limits lists every bound with its default and what happens beyond it", async () => {
  const { code, out } = await yurt(["limits"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^json-depth\t32\tcount\tnesting of one signaling message\t.*$/m);
  expect(out).toContain(
    "connections\t50000\tcount\topen WebSockets, from all addresses together\t503 with Retry-After\n",
  );
  expect(out.trimEnd().split("\n")).toHaveLength(optionKeys.filter((key) => key.startsWith("limits.")).length);
});

test.each(["limits", "completion bash", "config init"])(
  "yurt %s ends with 0 when the reader of its output has gone, as head does",
  async (command) => {
    const failure = () => Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    expect(await yurt(command.split(" "), { failure })).toEqual({ code: 0, out: "", err: "" });
  },
);

test("yurt licenses, which only the executable contains, says how to build it", async () => {
  const { code, out, err } = await yurt(["licenses"]);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toBe("yurt: Only the executable contains the licences. Build it with npm run build.\n");
});

test("yurt limits fits into 80 columns of a terminal", async () => {
  const { out } = await yurt(["limits"], { isTTY: true });
  expect(fitsTerminal(out)).toBeTrue();
  expect(out).toContain("\n    Beyond it: 503 with Retry-After\n");
});

test("yurt documents alone shows what there is, and ends with 2", async () => {
  const { code, out, err } = await yurt(["documents"]);
  expect([code, out]).toEqual([2, ""]);
  for (const command of ["list", "info", "compact", "import"]) expect(err).toMatch(new RegExp(`^  ${command} `, "m"));
});

describe("the version", () => {
  test.each([[["version"]], [["--version"]], [["-v"]]])("is printed by %p", async (args) => {
    expect(await yurt(args)).toEqual({
      code: 0,
      out: `yurt 0.1.0 (bun ${Bun.version}, ${process.platform}-${process.arch})\n`,
      err: "",
    });
  });
});

describe("a mistake in the command line ends with 2 and the nearest name", () => {
  const see = (command: string) => `Run ${command} --help to see how it is used.`;

  test.each<[readonly string[], string]>([
    [["serv"], "Unknown command 'serv'. Did you mean serve?"],
    [["helth", "--port", "1"], "Unknown command 'helth'. Did you mean health?"],
    [["--port", "1", "helth"], "Unknown command 'helth'. Did you mean health?"],
    [["xyzzy"], `Unknown command 'xyzzy'. ${see("yurt")}`],
    [["help", "nosuch"], `Unknown command 'nosuch'. ${see("yurt")}`],
    [["help", "tokn"], "Unknown command 'tokn'. Did you mean token?"],
    [["help", "documents", "lst"], "Unknown command 'lst'. Did you mean list?"],
    [["help", "token", "nosuch"], `Unknown command 'nosuch'. ${see("yurt token")}`],
    [["documents", "help", "nosuch"], `Unknown command 'nosuch'. ${see("yurt documents")}`],
    [["--prot", "1"], "Unknown option '--prot'. Did you mean --port?"],
    [["--no-snyc"], "Unknown option '--no-snyc'. Did you mean --no-sync?"],
    [["health", "--hots", "::1"], "Unknown option '--hots'. Did you mean --host?"],
    [["--auth-secrt=it's 'secret'"], `Unknown option '--auth-secrt=…'. ${see("yurt")}`],
    [["serve", "--auth-secrt", "s3cret"], "Unknown option '--auth-secrt'. Did you mean --auth-secret?"],
    [["--log-leve", "info"], "Unknown option '--log-leve'. Did you mean --log-level?"],
    [["serve", "--xyzzy"], `Unknown option '--xyzzy'. ${see("yurt serve")}`],
    [["--port"], `Option '-p, --port <port>' needs a value. ${see("yurt")}`],
    [
      ["version", "example.com"],
      `Too many arguments for 'version'. Expected 0 arguments but got 1: example.com. ${see("yurt version")}`,
    ],
    [["documents", "lst"], "Unknown command 'lst'. Did you mean list?"],
    [["documents", "list", "--jsno"], "Unknown option '--jsno'. Did you mean --json?"],
    [["health", "--json"], `Unknown option '--json'. ${see("yurt health")}`],
    [["documents", "info"], `Missing required argument 'name'. ${see("yurt documents info")}`],
    [["documents", "import", "a"], `Required option '--from <format>' not specified. ${see("yurt documents import")}`],
    [
      ["documents", "import", "--from", "redis", "a"],
      `Option '--from <format>' argument 'redis' is invalid. Allowed choices are ndjson, hocuspocus-sqlite, y-leveldb. ${see("yurt documents import")}`,
    ],
    [["documents", "list", "--from", "y-leveldb"], `Unknown option '--from'. ${see("yurt documents list")}`],
    [["backup"], `Missing required argument 'target'. ${see("yurt backup")}`],
    [
      ["restore", "a", "b"],
      `Too many arguments for 'restore'. Expected 1 argument but got 2: a, b. ${see("yurt restore")}`,
    ],
    [["--limits-xyzzyxyzzy", "1"], "Unknown option '--limits-xyzzyxyzzy'. Run yurt limits to list them."],
    [["--limits-json-deph", "1"], "Unknown option '--limits-json-deph'. Did you mean --limits-json-depth?"],
    [["--limits", "foo=1"], 'Invalid --limits. There is no limit "foo". Run yurt limits to list them.'],
    [["--limits", "json-deph=1"], 'Invalid --limits. There is no limit "json-deph". Did you mean json-depth?'],
  ])("%p", async (args, message) => {
    expect(await yurt(args)).toEqual({ code: 2, out: "", err: `yurt: ${message}\n` });
  });
});

describe("a bad configuration ends with 78", () => {
  test.each([[[]], [["serve"]]])("when yurt %p runs", async (args) => {
    const { code, out, err } = await yurt([...args, "--port", "-1"], { environment: { YURT_LOG_LEVEL: "loud" } });
    expect([code, out]).toEqual([78, ""]);
    expect(err).toStartWith("yurt: Invalid configuration (2 problems). Yurt did not start.\n");
    expect(err).toContain('port = "-1" (flag --port)');
    expect(err).toContain('log.level = "loud" (environment variable YURT_LOG_LEVEL)');
  });

  test("by a bound that --limits sets, which names that flag", async () => {
    const { code, err } = await yurt(["--limits", "json-depth=0,name-bytes=128"]);
    expect(code).toBe(78);
    expect(err).toContain('limits.json-depth = "0" (flag --limits)');
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
    expect(err).toStartWith("yurt: Invalid configuration (1 problem).\n\n  data = ");
  });

  test("of host and port alone when yurt health runs", async () => {
    const { code, out, err } = await yurt(["health", "--port", "-1"], { environment: { YURT_LOG_LEVEL: "loud" } });
    expect([code, out]).toEqual([78, ""]);
    expect(err).toStartWith('yurt: Invalid configuration (1 problem).\n\n  port = "-1" (flag --port)\n');
  });

  test("of which the last flag counts", async () => {
    expect((await yurt(["health", "--port", "70000", "--port", "0"])).code).toBe(1);
  });
});
