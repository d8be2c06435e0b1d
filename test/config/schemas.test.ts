import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { parseWebhookSecret } from "../../src/config/auth-settings.ts";
import { inputOf } from "../../src/config/option.ts";
import {
  address,
  addressRanges,
  bearerSecret,
  claim,
  httpUrl,
  location,
  origins,
  secrets,
  webhookSecrets,
} from "../../src/config/schemas.ts";

/** The value of a list that is given as a text; undefined when it is refused. */
function readList<T>(schema: v.GenericSchema<unknown, T>, text: string): T | undefined {
  const read = v.safeParse(schema, inputOf("texts", text));
  return read.success ? read.output : undefined;
}

const [first, second] = ["a".repeat(32), "b".repeat(40)];

describe("secrets", () => {
  test.each([
    [first, [first]],
    ["ä".repeat(16), ["ä".repeat(16)]],
    [`${first},${second}`, [first, second]],
    [`${first} ${second}`, [first, second]],
    [`${first},\r\n${second}`, [first, second]],
  ])("%p are %p", (text, expected) => {
    expect(readList(secrets, text)).toEqual(expected);
  });

  test.each([
    "",
    "a".repeat(31),
    "ä".repeat(15),
    `${first},`,
    ` ${first}`,
    `${first},short`,
    `short,${first}`,
    `${first},${second},${first}`,
  ])("are not %p", (text) => {
    expect(readList(secrets, text)).toBeUndefined();
  });
});

const whsec = (bytes: number) => `whsec_${Buffer.alloc(bytes, 0xfb).toString("base64")}`;

test.each([
  [whsec(24), true],
  [whsec(25), true],
  [whsec(25).replace(/=+$/, ""), true],
  [whsec(64), true],
  [whsec(23), false],
  [whsec(65), false],
  [whsec(24).slice("whsec_".length), false],
  [whsec(24).replace("whsec_", "whpk_"), false],
  [`${whsec(24)}=`, false],
  [`${whsec(24)}===`, false],
  [whsec(24).replace("+", "-"), false],
  [`${whsec(24)}\n`, false],
  ["whsec_", false],
])("%p is a webhook's secret: %p", (text, is) => {
  expect(parseWebhookSecret(text) !== undefined).toBe(is);
});

test("a webhook's secret is read with its padding and without, and as one of two", () => {
  const bytes = (length: number) => Buffer.alloc(length, 0xfb);
  for (const text of [whsec(25), whsec(25).replace(/=+$/, "")]) expect(parseWebhookSecret(text)).toEqual(bytes(25));
  expect(readList(webhookSecrets, whsec(25))).toEqual([bytes(25)]);
  expect(readList(webhookSecrets, `${whsec(24)},\n${whsec(64)}`)).toEqual([bytes(24), bytes(64)]);
  for (const text of ["", `${whsec(24)},x`, `${whsec(24)},`, `${whsec(24)},${whsec(25)},${whsec(26)}`]) {
    expect(readList(webhookSecrets, text)).toBeUndefined();
  }
});

test.each([
  ["https://app.example", true],
  ["http://127.0.0.1:3000/yurt?a=b", true],
  ["HTTPS://APP.EXAMPLE/", true],
  ["https://[::1]/", true],
  ["https://ann@app.example", false],
  ["https://:pw@app.example", false],
  ["ftp://app.example", false],
  ["https:app.example", false],
  ["https://app.example/a b", false],
  [" https://app.example", false],
  ["https://", false],
  ["app.example", false],
  ["", false],
])("%p is a URL to ask: %p", (text, is) => {
  expect(v.is(httpUrl, text)).toBe(is);
});

test.each([
  ["https://id.example/.well-known/jwks.json", true],
  ["./keys.json", true],
  ["C:\\keys.json", true],
  ["file:///keys.json", false],
  ["https://ann@id.example", false],
  [" ", false],
  ["a\0b", false],
])("%p is a URL or a path: %p", (text, is) => {
  expect(v.is(location, text)).toBe(is);
});

test.each([
  ["https://id.example/", true],
  ["two words", true],
  ["", false],
  [" x", false],
  ["x\n", false],
])("%p may stand in a token: %p", (text, is) => {
  expect(v.is(claim, text)).toBe(is);
});

test("a location is a URL or a path", () => {
  expect(v.parse(location, "HTTPS://id.example/keys")).toEqual({ url: new URL("https://id.example/keys") });
  expect(v.parse(location, "./keys.json")).toEqual({ path: "./keys.json" });
});

test("a list is read from a text and from the typed values of a file", () => {
  expect(readList(origins, "https://a.example, http://localhost:5173")).toEqual([
    "https://a.example",
    "http://localhost:5173",
  ]);
  expect(v.parse(origins, ["https://a.example"])).toEqual(["https://a.example"]);
  expect(v.parse(addressRanges, ["10.0.0.0/8"]).has("10.1.2.3")).toBeTrue();
});

describe("an address", () => {
  test.each([
    ["127.0.0.1:9464", { host: "127.0.0.1", port: 9464 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["localhost:65535", { host: "localhost", port: 65_535 }],
  ])("%p is %p", (text, expected) => {
    expect(v.parse(address, text)).toEqual(expected);
  });

  test.each([
    "",
    "9464",
    ":9464",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:09",
    "::1:9464",
    "10.0.0.256:1",
  ])("is not %p", (text) => {
    expect(v.is(address, text)).toBeFalse();
  });
});

test.each([
  ["0123456789abcdef", true],
  ["0123456789abcde", false],
  ["0123456789 abcdef", false],
  ["0123456789abcdé0", false],
])("%p may be sent as a bearer token: %p", (text, may) => {
  expect(v.is(bearerSecret, text)).toBe(may);
});
