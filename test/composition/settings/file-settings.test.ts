import { describe, expect, test } from "bun:test";
import { describeOrigin } from "../../../src/config/problem.ts";
import { acceptedFile, loadFile, problemsOf } from "../../support/configuration-files.ts";

const secret = "0123456789abcdef0123456789abcdef";

describe("a setting of the file", () => {
  test.each([
    ['auth.mode = "open"\nsync.enabled = false'],
    ['[auth]\nmode = "open"\n[sync]\nenabled = false'],
    ['auth = { mode = "open" }\nsync = { enabled = false }'],
    ['[auth]\n"mode" = "open"\n[sync]\n\'enabled\' = false\n'],
  ])("is read in any form of its table: %j", async (text) => {
    const { values } = await acceptedFile(text);
    expect([values["auth.mode"], values["sync.enabled"]]).toEqual(["open", false]);
  });

  test("takes precedence over the default, a variable over it, and a flag over both", async () => {
    const text = 'port = 1\nhost = "::1"\ndata = "a"\nlog.level = "debug"';
    const { values, origins } = await acceptedFile(text, {
      environment: { YURT_DATA: "b", YURT_LOG_LEVEL: "warn" },
      flags: { "log.level": "error" },
    });
    expect(values).toMatchObject({ port: 1, host: "::1", data: "b", "log.level": "error", "sync.durability": "disk" });
    expect(
      ["port", "host", "data", "log.level", "sync.durability"].map((key) => describeOrigin(origins[key as "port"])),
    ).toEqual(["yurt.toml:1:8", "yurt.toml:2:8", "environment variable YURT_DATA", "flag --log-level", "default"]);
  });

  test("is not checked when another one takes precedence", async () => {
    expect((await acceptedFile("port = 70000", { flags: { port: "1" } })).values.port).toBe(1);
  });

  test("gives way to a variable of the platform, which is reported", async () => {
    const environment = { STATE_DIRECTORY: "/var/lib/yurt", PORT: "8080" };
    const { values, replaced } = await acceptedFile('data = "/srv"\n', { environment });
    expect([values.data, values.port]).toEqual(["/var/lib/yurt", 8080]);
    const at = { path: "yurt.toml", line: 1, column: 8 };
    expect(replaced).toEqual([{ setting: "data", at, variable: "STATE_DIRECTORY" }]);
    const own = await acceptedFile('data = "/srv"\n', { environment: { ...environment, YURT_DATA: "c" } });
    expect(own.replaced).toEqual([]);
    const same = await acceptedFile('data = "/var/lib/yurt"\nport = 8080\n', { environment });
    expect(same.replaced).toEqual([]);
  });

  test("may be a list, or the text of one as variables have it", async () => {
    const list = await acceptedFile(
      'compat-ports = [1, 2]\nproxy.trusted = ["::1", "10.0.0.0/8"]\nsync.no-gc = ["a,b"]',
    );
    const text = await acceptedFile('compat-ports = "1, 2"\nproxy.trusted = "::1,10.0.0.0/8"\nsync.no-gc = "a,b"');
    expect(list.values["compat-ports"]).toEqual([1, 2]);
    expect(text.values["compat-ports"]).toEqual([1, 2]);
    expect(list.values["proxy.trusted"]).toEqual(text.values["proxy.trusted"]);
    expect([list.values["sync.no-gc"], text.values["sync.no-gc"]]).toEqual([["a,b"], ["a", "b"]]);
  });
});

describe("a secret of the file", () => {
  test("may be in a file of its own", async () => {
    const files = { "/run/s": `${secret}\n` };
    const { values, origins } = await acceptedFile('auth.secret-file = "/run/s"', { files });
    expect(values["auth.secret"]).toEqual([secret]);
    expect(describeOrigin(origins["auth.secret"])).toBe("yurt.toml:1:20");
  });

  test("is never shown", async () => {
    const texts = [
      'auth.secret = "s3cret"',
      "auth.secret = 5",
      'auth.secret = ["s3cret", 3]',
      "auth.secret = { s3cret = 1 }",
    ];
    for (const text of texts) {
      const problems = await problemsOf(text);
      expect(problems).toHaveLength(1);
      expect(problems[0]?.[0]).toStartWith('auth.secret = "***" (yurt.toml:1:');
      expect(JSON.stringify(problems)).not.toContain("s3cret");
    }
    expect(JSON.stringify(await problemsOf('[auth]\nsecret = "s3cret'))).not.toContain("s3cret");
  });

  test("must be in one place of the file", async () => {
    expect(await problemsOf(`auth.secret = "${secret}"\nauth.secret-file = "s"`, { files: { s: secret } })).toEqual([
      ['auth.secret = "***" (yurt.toml:2:20)', "Set auth.secret-file or auth.secret, not both."],
    ]);
    // The variable takes precedence over both.
    const environment = { YURT_AUTH_SECRET: secret };
    expect(await problemsOf('auth.secret = "x"\nauth.secret-file = "s"', { environment })).toEqual([]);
  });

  test("in a file that is missing is a problem of the key", async () => {
    expect(await problemsOf('auth.secret-file = "s3cret"')).toEqual([
      [
        'auth.secret = "***" (yurt.toml:1:20)',
        "The file that auth.secret-file names cannot be read (ENOENT). Give the path of a text file.",
      ],
    ]);
    expect(await problemsOf("auth.secret-file = 1")).toEqual([
      ['auth.secret = "***" (yurt.toml:1:20)', "Write a string in quotes. Give the path of a text file."],
    ]);
  });
});

describe("a value of the wrong type", () => {
  test.each([
    [
      "port",
      '"4444"',
      '"4444"',
      "Write a whole number without quotes. Give a whole number from 0 to 65535 (0 takes any free port).",
    ],
    [
      "port",
      "1.0",
      '"1.0"',
      "Write a whole number without quotes. Give a whole number from 0 to 65535 (0 takes any free port).",
    ],
    ["sync.enabled", '"true"', '"true"', "Write true or false without quotes."],
    ["sync.enabled", "1", "1", "Write true or false without quotes."],
    [
      "log.level",
      "true",
      "true",
      "Write a string in quotes. Give one of trace, debug, info, warn, error, fatal, silent.",
    ],
    ["auth.issuer", "1979-05-27", '"1979-05-27"', "Write a string in quotes. Give the iss claim of your tokens."],
    [
      "compat-ports",
      '["a", 1]',
      '["a",1]',
      "Write an array of whole numbers, such as [1, 2]. Give port numbers separated by commas, such as 8080,3001,9000.",
    ],
    [
      "auth.jwks",
      "{ a = 1 }",
      '"{ a = 1 }"',
      "Write a string in quotes. Give an http:// or https:// URL without a user in it, or the path of a file.",
    ],
  ])("for %s: %s", async (key, value, shown, remedy) => {
    const column = `${key} = `.length + 1;
    expect(await problemsOf(`${key} = ${value}`)).toEqual([[`${key} = ${shown} (yurt.toml:1:${column})`, remedy]]);
  });
});

describe("a key that the file must not have", () => {
  test.each([
    ["prot = 1", "yurt.toml:1:1: Unknown key prot", "Did you mean port?"],
    ['[auth]\nmod = "open"', "yurt.toml:2:1: Unknown key auth.mod", "Did you mean auth.mode?"],
    ['auth.webhook_url = "x"', "yurt.toml:1:1: Unknown key auth.webhook_url", "Did you mean auth.webhook-url?"],
    ['"sync.enabled" = true', 'yurt.toml:1:1: Unknown key "sync.enabled"', "Did you mean sync.enabled?"],
    ['webhook-url = "x"', "yurt.toml:1:1: Unknown key webhook-url", "Did you mean auth.webhook-url?"],
    ["xyzzy = 1", "yurt.toml:1:1: Unknown key xyzzy", "Run yurt config init to list all keys."],
    ["limits.xyzzyxyzzy = 1", "yurt.toml:1:1: Unknown key limits.xyzzyxyzzy", "Run yurt limits to list all keys."],
    ["[auht]\nmode = 1\nx = 2", "yurt.toml:1:2: Unknown table [auht]", "Did you mean auth?"],
    ["[port]\nx = 1", "yurt.toml:1:2: port is a setting, not a table", "Write port = …"],
    ["port.x = 1", "yurt.toml:1:1: Unknown key port.x", "Did you mean port?"],
    ['auth = "token"', "yurt.toml:1:1: auth is a table, not a setting", "Write its settings below [auth]."],
    ["auth = { mod = 1 }", "yurt.toml:1:10: Unknown key auth.mod", "Did you mean auth.mode?"],
    ["[[auth]]\nissuer = 'x'", "yurt.toml:1:3: [[auth]] is a list of tables", "Write [auth]."],
    ["port = 1\nport = 2", "yurt.toml:2:1: Duplicate key port", "It is also on line 1. Remove one of the two."],
    ["[log]\n[sync]\n[log]\nlevel = 'info'", "yurt.toml:3:2: Table [log] is defined twice", "Join the two."],
    [
      "sync = { enabled = true }\nsync.memory = 16",
      "yurt.toml:2:1: Duplicate key sync.memory",
      "Remove one of the two.",
    ],
  ])("%j", async (text, problem, remedy) => {
    expect(await problemsOf(text)).toEqual([[problem, remedy]]);
  });
});

test("all problems are reported at once: those of the file by their lines, then those of variables and flags", async () => {
  const text = '[sync]\nmemory = "a"\nmemry = 2\nmemory = 3\n[log]\nlevel = "loud"\n[lgo]\n';
  const problems = await problemsOf(text, { environment: { YURT_DATA: "" }, flags: { port: "x", host: "0.0.0.0" } });
  expect(problems.map(([problem]) => problem)).toEqual([
    'sync.memory = "a" (yurt.toml:2:10)',
    "yurt.toml:3:1: Unknown key sync.memry",
    "yurt.toml:4:1: Duplicate key sync.memory",
    'log.level = "loud" (yurt.toml:6:9)',
    "yurt.toml:7:2: Unknown table [lgo]",
    'port = "x" (flag --port)',
    'data = "" (environment variable YURT_DATA)',
    "auth.mode is not set",
  ]);
});

describe("a file that is not valid TOML", () => {
  test("is a problem beside those of flags, and settings that it may contain are not missed", async () => {
    expect(await problemsOf("auth.mode = token", { flags: { port: "x", host: "0.0.0.0" } })).toEqual([
      [
        "yurt.toml:1:13: Invalid TOML: unexpected character",
        'Write one setting on a line, such as port = 4444 or data = "./yurt-data": strings in quotes, arrays in brackets.',
      ],
      ['port = "x" (flag --port)', "Give a whole number from 0 to 65535 (0 takes any free port)."],
    ]);
  });
});

describe("a command that reads some settings", () => {
  test("takes no notice of problems of the others", async () => {
    const text = 'prot = 1\nxyzzy = 1\n[lgo]\n[log]\nlevel = "loud"\n[auth]\nmode = 1\nmode = 2';
    expect(await problemsOf(text, { keys: ["data"] })).toEqual([]);
  });

  test.each([
    ['dta = "x"', ["data"]],
    ["[snyc]\nno-gc = []", ["sync.no-gc"]],
    ["sync = 1", ["sync.no-gc"]],
    ['data = "a"\ndata = "b"', ["data"]],
    ['auth.secret-fil = "x"', ["auth.secret"]],
    ["[[sync]]", ["sync.no-gc"]],
    ["data = x", ["data"]],
  ] as const)("is told of %j, which may be one of them", async (text, keys) => {
    expect(await problemsOf(text, { keys })).toHaveLength(1);
  });
});

describe("a problem between settings is described in the spelling of the file", () => {
  test.each([
    [
      'host = "0.0.0.0"',
      'host = "0.0.0.0" (yurt.toml:1:8) exposes Yurt to your network, so choose who can connect: auth.mode = "token" (recommended), webhook, or open (anyone). To stay local, drop that setting.',
    ],
    [
      'auth.mode = "webhook"',
      'auth.mode = "webhook" asks your app who can connect. Give its URL with auth.webhook-url.',
    ],
    [
      'auth.mode = "open"\nauth.jwks = "k"',
      'It only has an effect with auth.mode = "token", but the mode is open (yurt.toml:1:13). Set that mode, or remove this setting.',
    ],
  ])("%j", async (text, remedy) => {
    expect((await problemsOf(text)).map(([, each]) => each)).toEqual([remedy]);
  });
});

test("a file without settings is valid", async () => {
  for (const text of ["", "# nothing\n", "[sync]\n[auth]\n\n[limits]\n"]) {
    expect((await loadFile(text)).ok).toBeTrue();
  }
});
