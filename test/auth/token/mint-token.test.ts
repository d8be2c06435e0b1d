import { expect, test } from "bun:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Access } from "../../../src/auth/authorizer.ts";
import { clockToleranceMs } from "../../../src/auth/clock-tolerance.ts";
import { mintToken } from "../../../src/auth/token/mint-token.ts";
import { secretKeys } from "../../../src/auth/token/token-keys.ts";
import { TokenVerifier } from "../../../src/auth/token/token-verifier.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const secret = "s".repeat(43);
const rooms = new Map<string, Access>([
  ["notes/*", "read"],
  ["__proto__", "write"],
]);

test("a minted token has the given claims, exact to the millisecond, and verifies", async () => {
  const clock = new FakeClock(1_700_000_000_123);
  const minted = { secret, rooms, user: "ann", isAdmin: true, issuer: "me", audience: "yurt", clock };
  const token = await mintToken({ ...minted, lifetimeMs: 3_600_000 });
  expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "JWT" });
  const { limits, ...expected } = { limits: { tokenMs: 3_600_000 }, issuer: "me", audience: "yurt" };
  const verifier = new TokenVerifier({ keys: secretKeys([secret]), clock, limits, ...expected });
  expect(await verifier.verify(token)).toMatchObject({
    granted: true,
    user: "ann",
    isAdmin: true,
    tokenId: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    issuedAt: clock.now(),
    expiresAt: clock.now() + 3_600_000 + clockToleranceMs,
    claims: { rooms },
  });
});

test("a minted token has no other claims, and is unique", async () => {
  const options = { secret, rooms: new Map(), isAdmin: false, lifetimeMs: 1_000, clock: new FakeClock() };
  const token = await mintToken(options);
  expect(Object.keys(decodeJwt(token)).toSorted()).toEqual(["exp", "iat", "jti", "rooms"]);
  expect(await mintToken(options)).not.toBe(token);
});

test("a short secret signs no token", () => {
  const options = { secret: "short", rooms, isAdmin: false, lifetimeMs: 1_000, clock: new FakeClock() };
  expect(() => mintToken(options)).toThrow("A secret needs 32 bytes.");
});
