import { describe, expect, test } from "bun:test";
import type { AccessRequest, Denial } from "../../../src/auth/authorizer.ts";
import { secretKeys } from "../../../src/auth/token/token-keys.ts";
import { TokenPolicy } from "../../../src/auth/token/token-policy.ts";
import { TokenVerifier } from "../../../src/auth/token/token-verifier.ts";
import { signWithSecret } from "../../support/bytes/token-signer.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const secret = "s".repeat(32);
const clock = new FakeClock();
const now = clock.now() / 1_000;
const verifier = new TokenVerifier({ keys: secretKeys([secret]), limits: { tokenMs: 60_000 }, clock });
const policy = new TokenPolicy(verifier);

const claims = { sub: "ann", jti: "t1", iat: now, exp: now + 60, rooms: { "notes/*": "read", "notes/mine": "write" } };
const token = await signWithSecret(secret, claims);

const decide = (room: string, shown: string | undefined = token, kind: AccessRequest["kind"] = "sync") =>
  policy.decide({ kind, room, token: shown, remoteAddress: "192.0.2.1", signal: new AbortController().signal });

describe("a client with a token", () => {
  test.each([
    ["notes/other", "read"],
    ["notes/mine", "write"],
  ] as const)("enters %s to %s, for documents and for signaling", async (room, access) => {
    const permission = { user: "ann", tokenId: "t1", issuedAt: clock.now(), expiresAt: clock.now() + 120_000 };
    for (const kind of ["sync", "signaling"] as const) {
      expect(await decide(room, token, kind)).toEqual({ granted: true, access, ...permission });
    }
  });

  test("has no access to a room that the token does not match, not even with an admin token", async () => {
    const denial: Denial = {
      granted: false,
      kind: "forbidden",
      code: "wrong-room",
      reason: "the token does not grant access to this room",
    };
    expect(await decide("other")).toEqual(denial);
    const admin = await signWithSecret(secret, { exp: now + 1, admin: true });
    expect(await decide("notes/mine", admin)).toEqual(denial);
  });

  test("that is invalid has no access", async () => {
    expect(await decide("notes/mine", "garbage")).toMatchObject({ granted: false, code: "malformed-token" });
    expect(await decide("notes/mine", "")).toMatchObject({ granted: false, kind: "unauthorized", code: "no-token" });
  });
});

test("a client without a token has no access", async () => {
  const request = { kind: "sync", room: "notes/mine", remoteAddress: "192.0.2.1" } as const;
  const denial = await policy.decide({ ...request, signal: new AbortController().signal });
  expect(denial).toMatchObject({ granted: false, kind: "unauthorized", code: "no-token", reason: "no token" });
});

describe("before a room is named", () => {
  test("an invalid token is denied", async () => {
    expect(await policy.authenticate("garbage")).toMatchObject({ granted: false, code: "malformed-token" });
    expect(await policy.authenticate(await signWithSecret(secret, { exp: now - 60 }))).toMatchObject({
      code: "expired",
    });
  });

  test("a valid token passes, and so does a missing one, which may come in a message", async () => {
    for (const shown of [token, undefined, ""]) expect(await policy.authenticate(shown)).toBeUndefined();
  });
});

test("the policy is not renewable: a token is answered in the same way until its expiry", () => {
  expect(policy.isRenewable).toBe(false);
});
