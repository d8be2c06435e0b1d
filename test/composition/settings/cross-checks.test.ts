import { describe, expect, test } from "bun:test";
import { describeOrigin } from "../../../src/config/problem.ts";
import { accepted, type Flags, refused } from "../../support/servers/configurations.ts";

const secret = "0123456789abcdef0123456789abcdef";
const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
const url = "https://app.example/yurt";

describe("a listener that other machines can reach", () => {
  test.each(["0.0.0.0", "::", "192.168.1.5", "yurt.example.com", "fe80::1", "[::2]"])(
    "on %s needs auth.mode",
    (host) => {
      expect(refused({}, { host })).toEqual([
        {
          setting: "auth.mode",
          value: undefined,
          origin: { from: "default" },
          remedy:
            `--host ${host} exposes Yurt to your network, so choose who can connect: --auth-mode token (recommended), ` +
            "webhook, or open (anyone). To stay local, drop --host.",
        },
      ]);
    },
  );

  test("names the variable that opened it", () => {
    expect(refused({ YURT_HOST: "::" })[0]?.remedy).toStartWith(
      "YURT_HOST=:: exposes Yurt to your network, so choose who can connect: YURT_AUTH_MODE=token (recommended)",
    );
  });

  test("through a proxy at a public URL needs auth.mode", () => {
    expect(refused({}, { "public-url": "https://collab.example" })).toMatchObject([
      {
        setting: "auth.mode",
        remedy:
          "--public-url https://collab.example exposes Yurt to your network, so choose who can connect: " +
          "--auth-mode token (recommended), webhook, or open (anyone). To stay local, drop --public-url.",
      },
    ]);
    expect(accepted({}, { "public-url": "http://localhost:8080/yurt" }).values["auth.mode"]).toBeUndefined();
    expect(accepted({}, { "public-url": "https://collab.example", "auth.mode": "open" }).values.host).toBe("127.0.0.1");
  });

  test.each(["open", "token"])("is accepted when its mode is %s", (mode) => {
    expect(accepted({ YURT_AUTH_MODE: mode }, { host: "0.0.0.0" }).values.host).toBe("0.0.0.0");
  });

  test("is reported once when the mode, or the host, is invalid", () => {
    expect(refused({}, { host: "0.0.0.0", "auth.mode": "opne" }).map(({ setting }) => setting)).toEqual(["auth.mode"]);
    expect(refused({}, { host: "0.0.0.0:80" }).map(({ setting }) => setting)).toEqual(["host"]);
  });
});

describe("the mode", () => {
  test.each<Flags>([
    { "auth.mode": "token", "auth.jwks": "https://id.example/keys" },
    { "auth.mode": "webhook", "auth.webhook-url": url },
    { "auth.mode": "webhook", "auth.webhook-url": url, "auth.webhook-secret": webhookSecret },
    // For the tokens of the administration.
    { "auth.mode": "open", "auth.secret": secret, "auth.issuer": "app", "auth.audience": "yurt" },
    { "auth.secret": secret, "auth.issuer": "app", "auth.audience": "yurt" },
    { "auth.mode": "open", "auth.readers-show-presence": "false", "auth.origins": "https://app.example" },
  ])("goes with %p", (flags) => {
    expect(accepted({}, flags).values).toMatchObject({ "auth.mode": flags["auth.mode"] });
  });

  test("webhook needs a URL to ask", () => {
    expect(refused({}, { "auth.mode": "webhook" })).toEqual([
      {
        setting: "auth.webhook-url",
        value: undefined,
        origin: { from: "default" },
        remedy: "--auth-mode webhook asks your app who can connect. Give its URL with --auth-webhook-url.",
      },
    ]);
  });

  test.each<[string | undefined, Flags, string]>([
    [undefined, { "auth.jwks": "./keys.json" }, "token, but no mode is set"],
    ["open", { "auth.jwks": "./keys.json" }, "token, but the mode is open (flag --auth-mode)"],
    ["open", { "auth.webhook-url": url }, "webhook, but the mode is open (flag --auth-mode)"],
    ["token", { "auth.webhook-url": url }, "webhook, but the mode is token (flag --auth-mode)"],
    ["token", { "auth.webhook-secret": webhookSecret }, "webhook, but the mode is token (flag --auth-mode)"],
  ])("%p does not go with %p", (mode, flags, reason) => {
    const problems = refused({}, { ...flags, ...(mode !== undefined && { "auth.mode": mode }) });
    expect(problems).toMatchObject([
      {
        origin: { from: "flag" },
        remedy: `It only has an effect with --auth-mode ${reason}. Set that mode, or remove this setting.`,
      },
    ]);
    expect(Object.keys(flags)).toEqual(problems.map(({ setting }) => setting));
  });

  test("webhook does not go with the keys of others, which it would not look at", () => {
    const flags = { "auth.mode": "webhook", "auth.webhook-url": url, "auth.jwks": "https://id.example/?key=hidden" };
    expect(refused({}, flags)).toMatchObject([{ setting: "auth.jwks", value: "https://id.example/?***" }]);
  });

  test("is reported with all its problems at once, with their origins and without secrets", () => {
    const problems = refused(
      { YURT_AUTH_MODE: "token" },
      { "auth.webhook-url": url, "auth.webhook-secret": webhookSecret, port: "x" },
    );
    expect(problems.map(({ setting, value }) => [setting, value])).toEqual([
      ["port", "x"],
      ["auth.webhook-url", url],
      ["auth.webhook-secret", "***"],
    ]);
    expect(problems.at(-1)?.remedy).toContain("the mode is token (environment variable YURT_AUTH_MODE)");
    expect(problems.map(({ origin }) => describeOrigin(origin)).slice(1)).toEqual([
      "flag --auth-webhook-url",
      "flag --auth-webhook-secret",
    ]);
  });

  test("is reported once when it, or a setting that depends on it, is invalid itself", () => {
    expect(refused({}, { "auth.mode": "tokn", "auth.webhook-url": url }).map(({ setting }) => setting)).toEqual([
      "auth.mode",
    ]);
    expect(refused({}, { "auth.mode": "webhook", "auth.webhook-url": "x" }).map(({ setting }) => setting)).toEqual([
      "auth.webhook-url",
    ]);
  });
});
