import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import type { OptionKey } from "../../../src/composition/settings/options.ts";
import { loadSettings, type SettingValues, serverOptionsOf } from "../../../src/composition/settings/settings.ts";
import { describeOrigin } from "../../../src/config/problem.ts";
import type { Environment } from "../../../src/config/sources.ts";
import { accepted, type Flags, refused } from "../../support/servers/configurations.ts";

const secret = "0123456789abcdef0123456789abcdef";
const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

/** The bounds are compared in one piece. */
function withoutLimits(values: Partial<SettingValues>) {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !key.startsWith("limits.")));
}

const noBackups = {
  "backup.every": "off",
  "backup.keep": 7,
  "backup.folder": undefined,
  "backup.command": undefined,
  "backup.command-timeout": 3_600_000,
};

const usualTurn = {
  "turn.enabled": true,
  "turn.port": undefined,
  "turn.tls-port": undefined,
  "turn.listen": [],
  "turn.external-address": "auto",
  "turn.stun-server": undefined,
  "turn.relay-ports": { first: 49_152, last: 65_535 },
  "turn.allow-peers": [],
  "turn.deny-peers": [],
  "turn.secret": undefined,
  "turn.ttl": 6 * 3_600_000,
  "turn.realm": "yurt",
  "turn.strict-channels": false,
  "turn.advertise": ["own"],
  "turn.advertise-username": undefined,
  "turn.advertise-credential": undefined,
};

describe("a configuration", () => {
  test("is for this machine alone when nothing is given", () => {
    const { values, origins, unknownVariables } = accepted({});
    const { "proxy.trusted": proxies, "webhooks.allowed-addresses": allowed, ...others } = values;
    expect([proxies, allowed].map((ranges) => ranges.has("127.0.0.1"))).toEqual([false, false]);
    expect(withoutLimits(others)).toEqual({
      "webhooks.retries": [5_000, 30_000, 120_000, 600_000, 3_600_000, 14_400_000, 43_200_000, 86_400_000],
      host: "127.0.0.1",
      port: 4444,
      "compat-ports": [],
      drain: 10_000,
      data: "./yurt-data",
      "sync.enabled": true,
      "sync.durability": "disk",
      "sync.ack-window": 20,
      "sync.memory": 256 * 2 ** 20,
      "signaling.peerjs-key": "peerjs",
      "signaling.peerjs-discovery": false,
      "sync.no-gc": [],
      "documents.keep-deleted": 2_592_000_000,
      "documents.require-match": false,
      "history.keep": 90 * 86_400_000,
      "history.keep-for": [],
      "auth.mode": undefined,
      "auth.secret": undefined,
      "auth.jwks": undefined,
      "auth.issuer": undefined,
      "auth.audience": undefined,
      "auth.webhook-url": undefined,
      "auth.webhook-secret": undefined,
      "auth.readers-show-presence": true,
      "auth.origins": [],
      "public-url": undefined,
      "base-path": undefined,
      ...noBackups,
      "log.level": "info",
      domain: [],
      "tls.acme-directory": new URL("https://acme-v02.api.letsencrypt.org/directory"),
      "tls.redirect.enabled": true,
      ...usualTurn,
    });
    expect(serverOptionsOf(values).limits).toEqual(defaultLimits);
    expect(new Set(Object.values(origins).map(describeOrigin))).toEqual(new Set(["default"]));
    expect(unknownVariables).toEqual([]);
  });

  test("takes every setting from the environment, and yields values", () => {
    const { values, origins } = accepted({
      YURT_HOST: "::",
      YURT_PORT: "0",
      YURT_DATA: "/srv/yurt data",
      YURT_SYNC_ENABLED: "false",
      YURT_SYNC_DURABILITY: "process",
      YURT_SYNC_ACK_WINDOW: "0",
      YURT_SYNC_MEMORY: "1024",
      YURT_SYNC_NO_GC: "notes/**, board",
      YURT_DOCUMENTS_KEEP_DELETED: "off",
      YURT_DOCUMENTS_REQUIRE_MATCH: "true",
      YURT_HISTORY_KEEP: "0",
      YURT_HISTORY_KEEP_FOR: "notes/**=365d, a=b=0",
      YURT_COMPAT_PORTS: "8080,3001",
      YURT_DRAIN: "2m",
      YURT_LIMITS_CONNECTIONS_PER_ADDRESS: "1",
      YURT_LIMITS_JSON_DEPTH: "2",
      YURT_SIGNALING_PEERJS_KEY: "mine",
      YURT_SIGNALING_PEERJS_DISCOVERY: "true",
      YURT_PROXY_TRUSTED: "127.0.0.1, fd00::/8",
      YURT_WEBHOOKS_ALLOWED_ADDRESSES: "10.0.0.0/8",
      YURT_WEBHOOKS_RETRIES: "1s, 2m",
      YURT_AUTH_MODE: "webhook",
      YURT_AUTH_SECRET: secret,
      YURT_AUTH_ISSUER: "app",
      YURT_AUTH_AUDIENCE: "yurt",
      YURT_AUTH_WEBHOOK_URL: "http://127.0.0.1:3000/yurt?from=yurt",
      YURT_AUTH_WEBHOOK_SECRET: webhookSecret,
      YURT_AUTH_READERS_SHOW_PRESENCE: "false",
      YURT_AUTH_ORIGINS: "https://app.example",
      YURT_TURN_ENABLED: "false",
      YURT_TURN_PORT: "3479",
      YURT_TURN_LISTEN: "127.0.0.1,::1",
      YURT_TURN_EXTERNAL_ADDRESS: "203.0.113.7",
      YURT_TURN_RELAY_PORTS: "50000-50099",
      YURT_TURN_ALLOW_PEERS: "192.168.0.0/16",
      YURT_TURN_DENY_PEERS: "198.51.100.0/24",
      YURT_TURN_SECRET: secret,
      YURT_TURN_TTL: "1h",
      YURT_TURN_REALM: "example",
      YURT_TURN_STRICT_CHANNELS: "true",
      YURT_TURN_ADVERTISE: "own,stun:stun.example.com",
      YURT_TURN_ADVERTISE_USERNAME: "ann",
      YURT_TURN_ADVERTISE_CREDENTIAL: "password",
      YURT_LOG_LEVEL: "silent",
    });
    const { "proxy.trusted": proxies, "webhooks.allowed-addresses": allowed, ...others } = values;
    expect(["127.0.0.1", "fd01::1", "10.0.0.1"].map((address) => proxies.has(address))).toEqual([true, true, false]);
    expect([allowed.has("10.1.1.1"), allowed.has("127.0.0.1")]).toEqual([true, false]);
    expect(withoutLimits(others)).toEqual({
      "webhooks.retries": [1_000, 120_000],
      host: "::",
      port: 0,
      "compat-ports": [8_080, 3_001],
      drain: 120_000,
      data: "/srv/yurt data",
      "sync.enabled": false,
      "sync.durability": "process",
      "sync.ack-window": 0,
      "sync.memory": 2 ** 30,
      "sync.no-gc": ["notes/**", "board"],
      "documents.keep-deleted": "off",
      "documents.require-match": true,
      "history.keep": 0,
      "history.keep-for": [
        { pattern: "notes/**", keepMs: 365 * 86_400_000 },
        { pattern: "a=b", keepMs: 0 },
      ],
      "signaling.peerjs-key": "mine",
      "signaling.peerjs-discovery": true,
      "auth.mode": "webhook",
      "auth.secret": [secret],
      "auth.jwks": undefined,
      "auth.issuer": "app",
      "auth.audience": "yurt",
      ...noBackups,
      "auth.webhook-url": new URL("http://127.0.0.1:3000/yurt?from=yurt"),
      "auth.webhook-secret": [Buffer.from("0123456789abcdef01234567")],
      "auth.readers-show-presence": false,
      "auth.origins": ["https://app.example"],
      "log.level": "silent",
      domain: [],
      "tls.acme-directory": new URL("https://acme-v02.api.letsencrypt.org/directory"),
      "tls.redirect.enabled": true,
      ...usualTurn,
      "turn.enabled": false,
      "turn.port": 3479,
      "turn.listen": ["127.0.0.1", "::1"],
      "turn.external-address": ["203.0.113.7"],
      "turn.relay-ports": { first: 50_000, last: 50_099 },
      "turn.allow-peers": ["192.168.0.0/16"],
      "turn.deny-peers": ["198.51.100.0/24"],
      "turn.secret": [secret],
      "turn.ttl": 3_600_000,
      "turn.realm": "example",
      "turn.strict-channels": true,
      "turn.advertise": ["own", { url: "stun:stun.example.com", needsCredential: false }],
      "turn.advertise-username": "ann",
      "turn.advertise-credential": "password",
    });
    expect(serverOptionsOf(values).limits).toEqual({ ...defaultLimits, connectionsPerAddress: 1, jsonDepth: 2 });
    const { keepsDeleted } = serverOptionsOf(values);
    expect(["notes/2026/march", "board", "boards"].map(keepsDeleted)).toEqual([true, true, false]);
    expect(describeOrigin(origins["log.level"])).toBe("environment variable YURT_LOG_LEVEL");
  });

  test("takes every setting from flags", () => {
    const { values, origins } = accepted(
      {},
      {
        host: "example.com",
        port: "65535",
        data: "d",
        "sync.enabled": "false",
        "sync.durability": "process",
        "sync.ack-window": "1000",
        "sync.memory": "16",
        "proxy.trusted": "",
        "compat-ports": "0",
        drain: "0s",
        "limits.connections-per-address": "1000000",
        "limits.address-upgrades-per-second": "1000000",
        "limits.signaling-room-members": "100000",
        "limits.publishes-per-second": "1000000",
        "limits.fan-out-deliveries": "100000000",
        "signaling.peerjs-key": "mine",
        "signaling.peerjs-discovery": "true",
        "auth.mode": "token",
        "auth.secret": `${secret} ${secret}2`,
        "auth.jwks": "./keys.json",
        "auth.issuer": "app",
        "auth.audience": "yurt",
        "auth.readers-show-presence": "false",
        "auth.origins": "",
        "log.level": "trace",
      },
    );
    expect(values).toMatchObject({
      host: "example.com",
      port: 65_535,
      "compat-ports": [0],
      drain: 0,
      data: "d",
      "sync.enabled": false,
      "sync.durability": "process",
      "sync.ack-window": 1_000,
      "sync.memory": 16 * 2 ** 20,
      "limits.connections-per-address": 1_000_000,
      "limits.address-upgrades-per-second": 1_000_000,
      "limits.signaling-room-members": 100_000,
      "limits.publishes-per-second": 1_000_000,
      "limits.fan-out-deliveries": 100_000_000,
      "signaling.peerjs-key": "mine",
      "signaling.peerjs-discovery": true,
      "auth.mode": "token",
      "auth.secret": [secret, `${secret}2`],
      "auth.jwks": { path: "./keys.json" },
      "auth.issuer": "app",
      "auth.audience": "yurt",
      "auth.webhook-url": undefined,
      "auth.webhook-secret": undefined,
      "auth.readers-show-presence": false,
      "auth.origins": new Set(),
      "log.level": "trace",
    });
    expect(describeOrigin(origins["sync.enabled"])).toBe("flag --no-sync");
  });

  test.each<[string, Environment, Flags, number, string]>([
    ["the platform's variable before the default", { PORT: "1" }, {}, 1, "environment variable PORT"],
    ["Yurt's variable before the platform's", { PORT: "1", YURT_PORT: "2" }, {}, 2, "environment variable YURT_PORT"],
    ["a flag before both", { PORT: "1", YURT_PORT: "2" }, { port: "3" }, 3, "flag --port"],
    ["the default when the platform's variable is empty", { PORT: "" }, {}, 4444, "default"],
    ["a flag before a variable with a mistake", { YURT_PORT: "abc" }, { port: "3" }, 3, "flag --port"],
  ])("takes %s", (_, environment, flags, port, origin) => {
    const { values, origins } = accepted(environment, flags);
    expect([values.port, describeOrigin(origins.port)]).toEqual([port, origin]);
  });

  test.each<[Environment, string]>([
    [{ STATE_DIRECTORY: "/var/lib/yurt" }, "/var/lib/yurt"],
    [{ STATE_DIRECTORY: "/var/lib/yurt", YURT_DATA: "elsewhere" }, "elsewhere"],
    [{ STATE_DIRECTORY: "" }, "./yurt-data"],
  ])("with %p stores in %p", (environment, data) => {
    expect(accepted(environment).values.data).toBe(data);
  });
});

describe("a value is refused", () => {
  const wholeNumber = "Give a whole number from 0 to 65535 (0 takes any free port).";
  const address = "Give an IP address or host name without a port, such as 127.0.0.1, ::1 or 0.0.0.0.";
  const level = "Give one of trace, debug, info, warn, error, fatal, silent.";

  test.each<[OptionKey, string, string]>([
    ...[
      "70000",
      "65536",
      "abc",
      "",
      "-1",
      "1e3",
      " 80",
      "80 ",
      "+80",
      "0x50",
      "080",
      "80.0",
      "8O",
      "Infinity",
      "٣",
    ].map((value): [OptionKey, string, string] => ["port", value, wholeNumber]),
    ["port", "9".repeat(400), wholeNumber],
    ...[
      "",
      " ",
      "127.0.0.1:80",
      "[::1",
      "[127.0.0.1]",
      "http://x",
      "a b",
      "127.0.0.256",
      "127.1",
      "0",
      "*",
      "a..b",
      "a/b",
      "\0",
    ].map((value): [OptionKey, string, string] => ["host", value, address]),
    ...["", " ", "a\0b"].map((value): [OptionKey, string, string] => [
      "data",
      value,
      "Give the path of a folder; it is created if it does not exist.",
    ]),
    ...["", "yes", "1", "TRUE", "off"].map((value): [OptionKey, string, string] => [
      "sync.enabled",
      value,
      "Give true or false.",
    ]),
    ...["", "tokens", "Open"].map((value): [OptionKey, string, string] => [
      "auth.mode",
      value,
      "Give open (anyone who can reach the server), token (anyone with a valid token) or webhook (your app decides).",
    ]),
    ...["x", "8080,", "65536", "80.5"].map((value): [OptionKey, string, string] => [
      "compat-ports",
      value,
      "Give port numbers separated by commas, such as 8080,3001,9000.",
    ]),
    ...["0", "-1", "1.5", "1e3", "9007199254740993", "x", ""].map((value): [OptionKey, string, string] => [
      "limits.json-depth",
      value,
      "Give a whole number, at least 1.",
    ]),
    ["limits.signaling-room-members", "100001", "Give a whole number from 1 to 100000."],
    ["sync.memory", "15", "Give a whole number of MiB from 16 to 65536."],
    ...["10.0.0.0/33", "10.0.0.1,", "*", "proxy.example"].map((value): [OptionKey, string, string] => [
      "proxy.trusted",
      value,
      "Give IP addresses and ranges of them separated by commas, such as 127.0.0.1,10.0.0.0/8,fd00::/8.",
    ]),
    ...["app.example", "https://app.example/path", "wss://app.example", "*", "https://*"].map(
      (value): [OptionKey, string, string] => [
        "auth.origins",
        value,
        "Give origins separated by commas, such as https://app.example,https://*.example.com,capacitor://localhost; " +
          "local files are null or file://.",
      ],
    ),
    ...["collab.example", "ws://collab.example", "https://collab.example/#a", ""].map(
      (value): [OptionKey, string, string] => [
        "public-url",
        value,
        "Give an http:// or https:// URL without a user and a query, such as https://collab.example.com.",
      ],
    ),
    ...["yurt", "/yurt?a", "/yurt#a", "/a b", ""].map((value): [OptionKey, string, string] => [
      "base-path",
      value,
      "Give a path that begins with a slash, such as /yurt.",
    ]),
    ["auth.issuer", "", "Give the iss claim of your tokens."],
    ["auth.audience", " yurt", "Give the aud claim of your tokens."],
    ["auth.jwks", "ftp://id.example", "Give an http:// or https:// URL without a user in it, or the path of a file."],
    ["auth.webhook-url", "app.example", "Give an http:// or https:// URL without a user in it."],
    ...["", "INFO", "verbose", "30", "constructor", "__proto__"].map((value): [OptionKey, string, string] => [
      "log.level",
      value,
      level,
    ]),
  ])("%s %p", (setting, value, remedy) => {
    expect(refused({}, { [setting]: value })).toMatchObject([{ setting, value, origin: { from: "flag" }, remedy }]);
  });

  test.each([
    ["auth.origins", "https://a.example,foo,https://b.example/path", '"foo", "https://b.example/path"'],
    ["proxy.trusted", "10.0.0.1,proxy.example", '"proxy.example"'],
    ["compat-ports", "8080,x,70000", '"x", "70000"'],
  ])("with the elements of the list that are wrong: %s %p", (setting, value, wrong) => {
    const [problem] = refused({}, { [setting]: value });
    expect(problem?.remedy).toStartWith(`Not accepted: ${wrong}. Give `);
  });

  test("without an element of a secret", () => {
    const [problem] = refused({ YURT_AUTH_SECRET: `short,${"x".repeat(32)}` });
    expect(problem?.remedy).not.toContain("short");
  });

  test("with the name of the variable that gave it", () => {
    const variables = refused({ PORT: "eighty", YURT_LOG_LEVEL: "loud" }).map(({ origin }) => describeOrigin(origin));
    expect(variables).toEqual(["environment variable PORT", "environment variable YURT_LOG_LEVEL"]);
  });

  test("together with all others", () => {
    const problems = refused(
      { YURT_DATA: "", YURT_LOG_LEVEL: "loud", YURT_SYNC_ENABLED: "maybe" },
      { host: "0.0.0.0", port: "70000" },
    );
    expect(problems.map(({ setting }) => setting)).toEqual(["port", "data", "sync.enabled", "log.level", "auth.mode"]);
  });
});

describe("a value is read in any spelling", () => {
  test.each([
    ["[::1]", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::0", "::"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["localhost", "localhost"],
  ])("host %s", (host, value) => {
    expect(accepted({}, { host, "auth.mode": "token" }).values.host).toBe(value);
  });

  test("origins", () => {
    const given =
      "https://App.example/,HTTPS://app.example:443,capacitor://localhost,https://*.Example.com,null,file:///";
    expect(accepted({}, { "auth.origins": given }).values["auth.origins"]).toEqual([
      "https://app.example",
      "https://app.example",
      "capacitor://localhost",
      "https://*.example.com",
      "null",
      "file://",
    ]);
  });

  test.each([
    [{ "base-path": "//yurt//sync/" }, "/yurt/sync"],
    [{ "base-path": "/" }, ""],
    [{ "base-path": "/a%20b/ü" }, "/a%20b/%C3%BC"],
    [{ "public-url": "https://collab.example" }, ""],
    [{ "public-url": "HTTPS://Collab.example:443/yurt//" }, "/yurt"],
    [{ "public-url": "https://collab.example/yurt", "base-path": "/inner" }, "/inner"],
    [{ "public-url": "https://collab.example/yurt", "base-path": "/" }, ""],
  ] satisfies [Flags, string][])("the base path of %p", (flags, basePath) => {
    expect(serverOptionsOf(accepted({}, { ...flags, "auth.mode": "token" }).values).basePath).toBe(basePath);
  });
});

test("a setting that a command does not use is no problem of its configuration, alone or with others", () => {
  const environment = { YURT_HOST: "0.0.0.0", YURT_LOG_LEVEL: "loud", YURT_AUTH_JWKS: "./keys.json" };
  const sources = { environment, flags: new Map(), readFile: () => "" };
  expect(loadSettings(sources, ["host", "port"])).toMatchObject({
    ok: true,
    configuration: { values: { host: "0.0.0.0", port: 4444, "log.level": "info" } },
  });
});

describe("an unknown variable", () => {
  test("is named with the nearest known one and without its value", () => {
    const { unknownVariables } = accepted({
      YURT_PROT: "1",
      YURT_SYNC: "false",
      YURT_: "",
      YURT_SECRET: "s3cret",
      YURT_AUTH_SECRET_FIEL: "s3cret",
      YURT_PORT_FILE: "x",
      OTHER: "x",
    });
    expect(unknownVariables).toEqual([
      { variable: "YURT_", nearest: undefined },
      { variable: "YURT_AUTH_SECRET_FIEL", nearest: "YURT_AUTH_SECRET_FILE" },
      { variable: "YURT_PORT_FILE", nearest: undefined },
      { variable: "YURT_PROT", nearest: "YURT_PORT" },
      { variable: "YURT_SECRET", nearest: undefined },
      { variable: "YURT_SYNC", nearest: "YURT_SYNC_ENABLED" },
    ]);
  });
});
