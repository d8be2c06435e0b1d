import { expect, test } from "bun:test";
import { readToken } from "../../../src/auth/token/read-token.ts";

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenWith = (claims: unknown) => `${encoded({ alg: "HS256" })}.${encoded(claims)}.c2lnbmF0dXJl`;

test("a token says its claims, also if its signature is not valid", () => {
  const rooms = { "notes/*": "write", __proto__: undefined };
  const claims = { sub: "ann", rooms, jti: "t1", iss: "id", aud: ["a", "b"], iat: 1.5, nbf: 2, exp: 3, email: "x" };
  expect(readToken(tokenWith(claims))).toEqual({
    user: "ann",
    rooms: new Map([["notes/*", "write"]]),
    isAdmin: false,
    tokenId: "t1",
    issuer: "id",
    audience: ["a", "b"],
    issuedAt: 1_500,
    notBefore: 2_000,
    expiresAt: 3_000,
    invalidClaims: [],
  });
  expect(readToken(tokenWith({ admin: true, exp: 1 }))).toMatchObject({ isAdmin: true, user: undefined });
});

test("claims that no token may have, or that are missing, are named, and the others are read", () => {
  const contents = readToken(tokenWith({ sub: 7, rooms: { a: "owner" }, jti: "t1", aud: 1, nbf: "soon" }));
  expect(contents).toMatchObject({ user: undefined, rooms: new Map(), tokenId: "t1", notBefore: undefined });
  expect(contents?.invalidClaims.toSorted()).toEqual(["aud", "exp", "nbf", "rooms", "sub"]);
});

test.each([
  [undefined],
  [""],
  ["a session id"],
  ["yk_key"],
  ["a.b"],
  ["a.!.c"],
  [`${encoded({})}.${encoded("text")}.c`],
  [`${encoded({})}.${encoded([1])}.c`],
  ["a.b.c.d.e"],
  [tokenWith({ sub: "x".repeat(20_000) })],
])("%p says nothing", (token) => {
  expect(readToken(token)).toBeUndefined();
});
