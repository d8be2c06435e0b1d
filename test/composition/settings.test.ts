import { describe, expect, test } from "bun:test";
import type { OptionKey } from "../../src/composition/options.ts";
import { describeOrigin } from "../../src/config/problem.ts";
import type { Environment } from "../../src/config/sources.ts";
import { accepted, type Flags, refused } from "../support/servers/configurations.ts";

const secret = "0123456789abcdef0123456789abcdef";
const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

describe("a configuration", () => {
  test("is for this machine alone when nothing is given", () => {
    const { values, origins, unknownVariables } = accepted({});
    expect(values).toEqual({
      host: "127.0.0.1",
      port: 4444,
      "compat-ports": "",
      data: "./yurt-data",
      "sync.enabled": true,
      "sync.durability": "disk",
      "sync.memory": 256,
      "proxy.trusted": "",
      limits: "",
      "limits.connections-per-address": 100,
      "limits.upgrades-per-address": 20,
      "limits.room-members": 200,
      "limits.publishes": 30,
      "limits.deliveries": 20_000,
      "peerjs.key": "peerjs",
      "peerjs.discovery": false,
      "auth.mode": undefined,
      "auth.secret": undefined,
      "auth.jwks": undefined,
      "auth.issuer": undefined,
      "auth.audience": undefined,
      "auth.webhook-url": undefined,
      "auth.webhook-secret": undefined,
      "auth.readers-show-presence": true,
      "auth.origins": "",
      "log.level": "info",
    });
    expect(new Set(Object.values(origins).map(describeOrigin))).toEqual(new Set(["default"]));
    expect(unknownVariables).toEqual([]);
  });

  test("takes every setting from the environment", () => {
    const { values, origins } = accepted({
      YURT_HOST: "::",
      YURT_PORT: "0",
      YURT_DATA: "/srv/yurt data",
      YURT_SYNC_ENABLED: "false",
      YURT_SYNC_DURABILITY: "process",
      YURT_SYNC_MEMORY: "1024",
      YURT_COMPAT_PORTS: "8080,3001",
      YURT_LIMITS_CONNECTIONS_PER_ADDRESS: "1",
      YURT_LIMITS_UPGRADES_PER_ADDRESS: "2",
      YURT_LIMITS_ROOM_MEMBERS: "3",
      YURT_LIMITS_PUBLISHES: "4",
      YURT_LIMITS_DELIVERIES: "5",
      YURT_PEERJS_KEY: "mine",
      YURT_PEERJS_DISCOVERY: "true",
      YURT_PROXY_TRUSTED: "127.0.0.1,fd00::/8",
      YURT_AUTH_MODE: "webhook",
      YURT_AUTH_SECRET: secret,
      YURT_AUTH_ISSUER: "app",
      YURT_AUTH_AUDIENCE: "yurt",
      YURT_AUTH_WEBHOOK_URL: "http://127.0.0.1:3000/yurt?from=yurt",
      YURT_AUTH_WEBHOOK_SECRET: webhookSecret,
      YURT_AUTH_READERS_SHOW_PRESENCE: "false",
      YURT_AUTH_ORIGINS: "https://app.example",
      YURT_LOG_LEVEL: "silent",
    });
    expect(values).toEqual({
      host: "::",
      port: 0,
      "compat-ports": "8080,3001",
      data: "/srv/yurt data",
      "sync.enabled": false,
      "sync.durability": "process",
      "sync.memory": 1_024,
      "proxy.trusted": "127.0.0.1,fd00::/8",
      limits: "",
      "limits.connections-per-address": 1,
      "limits.upgrades-per-address": 2,
      "limits.room-members": 3,
      "limits.publishes": 4,
      "limits.deliveries": 5,
      "peerjs.key": "mine",
      "peerjs.discovery": true,
      "auth.mode": "webhook",
      "auth.secret": secret,
      "auth.jwks": undefined,
      "auth.issuer": "app",
      "auth.audience": "yurt",
      "auth.webhook-url": "http://127.0.0.1:3000/yurt?from=yurt",
      "auth.webhook-secret": webhookSecret,
      "auth.readers-show-presence": false,
      "auth.origins": "https://app.example",
      "log.level": "silent",
    });
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
        "sync.memory": "1024",
        "proxy.trusted": "",
        limits: "",
        "compat-ports": "0",
        "limits.connections-per-address": "1000000",
        "limits.upgrades-per-address": "1000000",
        "limits.room-members": "100000",
        "limits.publishes": "1000000",
        "limits.deliveries": "100000000",
        "peerjs.key": "mine",
        "peerjs.discovery": "true",
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
    expect(values).toEqual({
      host: "example.com",
      port: 65_535,
      "compat-ports": "0",
      data: "d",
      "sync.enabled": false,
      "sync.durability": "process",
      "sync.memory": 1_024,
      "proxy.trusted": "",
      limits: "",
      "limits.connections-per-address": 1_000_000,
      "limits.upgrades-per-address": 1_000_000,
      "limits.room-members": 100_000,
      "limits.publishes": 1_000_000,
      "limits.deliveries": 100_000_000,
      "peerjs.key": "mine",
      "peerjs.discovery": true,
      "auth.mode": "token",
      "auth.secret": `${secret} ${secret}2`,
      "auth.jwks": "./keys.json",
      "auth.issuer": "app",
      "auth.audience": "yurt",
      "auth.webhook-url": undefined,
      "auth.webhook-secret": undefined,
      "auth.readers-show-presence": false,
      "auth.origins": "",
      "log.level": "trace",
    });
    expect(describeOrigin(origins["sync.enabled"])).toBe("flag --no-sync");
  });

  test.each<[string, Environment, Flags, number, string]>([
    ["the platform's variable before the default", { PORT: "1" }, {}, 1, "environment variable PORT"],
    ["our variable before the platform's", { PORT: "1", YURT_PORT: "2" }, {}, 2, "environment variable YURT_PORT"],
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
    ...["", " ", "127.0.0.1:80", "[::1]", "http://x", "a b", "127.0.0.256", "127.1", "0", "*", "a..b", "a/b", "\0"].map(
      (value): [OptionKey, string, string] => ["host", value, address],
    ),
    ...["", " ", "a\0b"].map((value): [OptionKey, string, string] => [
      "data",
      value,
      "Give the path of a folder; it is created when it does not exist.",
    ]),
    ...["", "yes", "1", "TRUE", "off"].map((value): [OptionKey, string, string] => [
      "sync.enabled",
      value,
      "Give true or false.",
    ]),
    ...["", "tokens", "Open"].map((value): [OptionKey, string, string] => [
      "auth.mode",
      value,
      "Give open (everyone who reaches the server), token (who has a token) or webhook (whom your application lets in).",
    ]),
    ...["10.0.0.0/33", "10.0.0.1,", "*", "proxy.example"].map((value): [OptionKey, string, string] => [
      "proxy.trusted",
      value,
      "Give IP addresses and ranges of them separated by commas, such as 127.0.0.1,10.0.0.0/8,fd00::/8.",
    ]),
    ...["app.example", "https://app.example/", "null", "*"].map((value): [OptionKey, string, string] => [
      "auth.origins",
      value,
      "Give origins separated by commas, as browsers write them: https://app.example,http://localhost:5173.",
    ]),
    ["auth.issuer", "", "Give the text that tokens have in iss."],
    ["auth.audience", " yurt", "Give the text that tokens have in aud."],
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
