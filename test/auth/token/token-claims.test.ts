import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { Access } from "../../../src/auth/authorizer.ts";
import { accessIn, tokenClaims } from "../../../src/auth/token/token-claims.ts";

const parse = (json: string) => v.safeParse(tokenClaims, JSON.parse(json));
const accepts = (claims: object) => parse(JSON.stringify({ exp: 1, ...claims })).success;

describe("the claims of a token", () => {
  test("are read by their known names, and others are ignored", () => {
    const rooms = new Map<string, Access>([["notes/*", "read"]]);
    const claims = { sub: "ann", exp: 17.5, iat: 3, jti: "t1", admin: true };
    const json = JSON.stringify({ ...claims, rooms: { "notes/*": "read" }, email: ["x"] });
    expect(parse(json).output).toEqual({ ...claims, rooms });
  });

  test("need an expiry only", () => {
    expect(parse('{"exp":1}').output).toEqual({ exp: 1, rooms: new Map(), admin: false });
    expect(parse("{}").success).toBe(false);
  });

  test("have names in the form in which names are compared, and an empty id counts as none", () => {
    const rooms = { "cafe\u0301/*": "read", "caf\u00e9/*": "write", "Zoe\u0308": "read" };
    expect(parse(JSON.stringify({ exp: 1, sub: "Zoe\u0308", jti: "e\u0301", rooms })).output).toEqual({
      exp: 1,
      sub: "Zo\u00eb",
      // Token ids are compared as they are.
      jti: "e\u0301",
      rooms: new Map<string, Access>([
        ["caf\u00e9/*", "write"],
        ["Zo\u00eb", "read"],
      ]),
      admin: false,
    });
    expect(parse('{"exp":1,"sub":"","jti":""}').output).toEqual({ exp: 1, rooms: new Map(), admin: false });
  });

  test("may name a room like a property of Object.prototype", () => {
    const { output } = parse('{"exp":1,"rooms":{"__proto__":"write","constructor":"read"}}');
    expect(output).toMatchObject({
      rooms: new Map([
        ["__proto__", "write"],
        ["constructor", "read"],
      ]),
    });
  });

  test.each([
    { exp: "1" },
    { exp: null },
    { iat: "1" },
    { sub: 7 },
    { sub: "a\u0000" },
    { sub: "\ud800" },
    { sub: "a".repeat(1_025) },
    { jti: "a".repeat(1_025) },
    { jti: {} },
    { admin: "true" },
    { admin: 1 },
    { rooms: null },
    { rooms: ["a"] },
    { rooms: "notes" },
    { rooms: { notes: "admin" } },
    { rooms: { notes: true } },
  ])("are refused as a whole for %j", (claims) => {
    expect(accepts(claims)).toBe(false);
  });

  test("must be numbers for times", () => {
    expect(parse('{"exp":1e999}').success).toBe(false);
    expect(parse('{"exp":1,"iat":-1e999}').success).toBe(false);
  });

  test("have at most 1000 patterns of 1024 characters each", () => {
    const patterns = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, "read"]));
    expect(accepts({ rooms: patterns(1_000) })).toBe(true);
    expect(accepts({ rooms: patterns(1_001) })).toBe(false);
    expect(accepts({ rooms: { ["a".repeat(1_024)]: "read" } })).toBe(true);
    expect(accepts({ rooms: { ["a".repeat(1_025)]: "read" } })).toBe(false);
  });
});

describe("the access that claims grant", () => {
  const rooms = new Map<string, Access>([
    ["a/**", "read"],
    ["a/b", "write"],
    ["a/\u00e9", "write"],
    ["**/c", "read"],
    ["__proto__", "read"],
  ]);

  test.each([
    ["a", "read"],
    ["a/b", "write"],
    ["a/b/c", "read"],
    ["x/c", "read"],
    ["__proto__", "read"],
    ["a/e\u0301", "write"],
    ["x", undefined],
    ["toString", undefined],
  ] as const)("in %j is %p: the highest of all patterns that mean it", (room, access) => {
    expect(accessIn({ rooms }, room)).toBe(access);
  });
});
