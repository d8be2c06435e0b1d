import { beforeAll, describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import type { Denial, DenialCode } from "../../../src/auth/authorizer.ts";
import { KeySet } from "../../../src/auth/token/key-set.ts";
import { type KeySetLocation, keySourceAt } from "../../../src/auth/token/key-source.ts";
import { secretKeys, type TokenKeys } from "../../../src/auth/token/token-keys.ts";
import { TokenVerifier } from "../../../src/auth/token/token-verifier.ts";
import {
  type SignatureAlgorithm,
  signBytes,
  signWithSecret,
  TokenSigner,
  tokenOf,
} from "../../support/bytes/token-signer.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { KeyServer } from "../../support/servers/key-server.ts";

const secret = "a secret of forty bytes, for tests alone";
const formerSecret = "the secret that was used before that one";
const now = 1_700_000_000;
const tokenMs = 86_400_000;
const good = { exp: now + 60, rooms: { notes: "write" } };

interface Expected {
  readonly issuer?: string;
  readonly audience?: string;
}

function open(keys: TokenKeys = secretKeys([secret]), expected: Expected = {}) {
  const clock = new FakeClock(now * 1_000);
  const verifier = new TokenVerifier({ keys, limits: { tokenMs }, clock, ...expected });
  /** The code of the denial; undefined for a valid token. */
  const code = async (token: string | undefined) => {
    const verified = await verifier.verify(token);
    return verified.granted ? undefined : verified.code;
  };
  return { clock, verifier, code };
}

const signed = (claims: Readonly<Record<string, unknown>>, expected: Expected = {}) =>
  signWithSecret(secret, claims).then((token) => open(undefined, expected).verifier.verify(token));

test("an API key in place of a token is recognized, and the denial names the remedy", async () => {
  const denied = await open().verifier.verify("yk_abc_def");
  expect(denied).toMatchObject({ code: "malformed-token", reason: expect.stringMatching(/API key.*room token/) });
});

describe("a valid token", () => {
  test("has a user, claims and an expiry", async () => {
    const claims = { ...good, sub: "ann", jti: "t1", iat: now - 5, admin: true };
    expect(await signed(claims)).toEqual({
      granted: true,
      claims: { ...claims, rooms: new Map([["notes", "write"]]) },
      user: "ann",
      tokenId: "t1",
      issuedAt: (now - 5) * 1_000,
      expiresAt: (now + 120) * 1_000,
      isAdmin: true,
    });
  });

  test("needs an expiry only", async () => {
    expect(await signed({ exp: now + 1 })).toMatchObject({ granted: true, isAdmin: false });
  });

  test("is valid until a minute after its expiry, to the millisecond", async () => {
    const { clock, code } = open();
    const token = await signWithSecret(secret, { exp: now + 1.5 });
    clock.advance(61_499);
    expect(await code(token)).toBeUndefined();
    clock.advance(1);
    expect(await code(token)).toBe("expired");
  });

  test("may come from a clock that is a minute ahead, and counts as issued now", async () => {
    const issuedAt = now * 1_000;
    expect(await signed({ ...good, iat: now + 60, nbf: now + 60 })).toMatchObject({ granted: true, issuedAt });
  });

  test("may name any issue time, and one that is further ahead counts as unknown", async () => {
    for (const iat of [now + 60.001, now + 7_200])
      expect(await signed({ ...good, iat })).toMatchObject({ granted: true, issuedAt: undefined });
  });

  test("may be signed with either secret, and with no other", async () => {
    const keys = (...secrets: readonly string[]) => open(secretKeys(secrets));
    const [token, former] = await Promise.all([signWithSecret(secret, good), signWithSecret(formerSecret, good)]);
    for (const each of [token, former]) expect(await keys(secret, formerSecret).code(each)).toBeUndefined();
    expect(await keys(secret).code(former)).toBe("bad-signature");
    expect(await keys(secret, formerSecret).code(await signWithSecret("x".repeat(32), good))).toBe("bad-signature");
  });

  test("may have at most 16384 characters", async () => {
    const { code } = open();
    const payload = JSON.stringify({ ...good, padding: "" });
    const padded = (bytes: number) => ({ ...good, padding: "a".repeat(bytes - payload.length) });
    // The header and the signature have 65 characters.
    const [longest, longer] = await Promise.all([12_239, 12_240].map((bytes) => signWithSecret(secret, padded(bytes))));
    expect([longest?.length, longer?.length]).toEqual([16_384, 16_385]);
    expect([await code(longest), await code(longer)]).toEqual([undefined, "malformed-token"]);
  });

  test("has the required issuer, and the required audience among others", async () => {
    const expected = { issuer: "https://id.example", audience: "yurt" };
    expect(await signed({ ...good, iss: "https://id.example", aud: ["other", "yurt"] }, expected)).toMatchObject({
      granted: true,
    });
  });
});

describe("a second text for the same token is denied", () => {
  /** Changes the bits of the last character that belong to no byte. */
  const withUnusedBits = (token: string) => {
    const last = token.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return token.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
  };

  test.each<[string, (token: string) => string]>([
    ["padding at the end", (token) => `${token}=`],
    ["padding inside", (token) => token.replace(".", "=.")],
    ["a blank at the end", (token) => `${token} `],
    ["a line feed inside", (token) => token.replace(".", "\n.")],
    ["other unused bits", withUnusedBits],
    ["characters of the other alphabet", (token) => token.replaceAll("-", "+").replaceAll("_", "/")],
  ])("%s", async (_, change) => {
    const { code } = open();
    const token = await signWithSecret(secret, { ...good, sub: "??>>??>>" });
    expect(await code(token)).toBeUndefined();
    expect(change(token)).not.toBe(token);
    expect(await code(change(token))).toBe("malformed-token");
  });
});

describe("a token is denied", () => {
  const unauthorized = (code: DenialCode, reason: string): Denial => ({
    granted: false,
    kind: "unauthorized",
    code,
    reason,
  });
  const malformed = "invalid claims";

  test.each<[what: string, claims: Readonly<Record<string, unknown>>, code: DenialCode, reason: string]>([
    ["expired a minute ago", { exp: now - 60 }, "expired", "token expired"],
    ["expired more than a minute ago", { exp: now - 60.001 }, "expired", "token expired"],
    ["expired long ago", { exp: 1 }, "expired", "token expired"],
    ["never ends", {}, "malformed-token", "the token has no expiry (exp)"],
    ["is of no issuer", good, "wrong-issuer", "wrong issuer (iss)"],
    ["is of another issuer", { ...good, iss: "you", aud: "yurt" }, "wrong-issuer", "wrong issuer (iss)"],
    ["is for nobody", { ...good, iss: "me" }, "wrong-audience", "wrong audience (aud)"],
    ["is for others", { ...good, iss: "me", aud: ["a"] }, "wrong-audience", "wrong audience (aud)"],
    ["ends in words", { exp: "soon" }, "malformed-token", malformed],
    ["begins in words", { ...good, nbf: "soon" }, "malformed-token", malformed],
    ["was made in words", { ...good, iat: "now" }, "malformed-token", malformed],
    ["has other claims", { ...good, rooms: ["notes"] }, "malformed-token", malformed],
    ["has an odd id", { ...good, jti: 7 }, "malformed-token", malformed],
  ])("that %s", async (what, claims, code, reason) => {
    const expected = /(issuer|nobody|others)$/.test(what) ? { issuer: "me", audience: "yurt" } : {};
    expect(await signed(claims, expected)).toEqual(unauthorized(code, reason));
  });

  test("that is not valid yet, for now", async () => {
    expect(await signed({ ...good, nbf: now + 61 })).toEqual({
      ...unauthorized("not-yet-valid", "token not yet valid (nbf)"),
      kind: "early",
    });
  });

  test("whose lifetime from its issue time exceeds the limit", async () => {
    const refusal = unauthorized("malformed-token", "the token's lifetime exceeds the limit");
    const most = tokenMs / 1_000;
    expect(await signed({ exp: now + most })).toMatchObject({ granted: true });
    expect(await signed({ exp: now + most + 0.001 })).toEqual(refusal);
    expect(await signed({ iat: now - 10, exp: now - 10 + most })).toMatchObject({ granted: true });
    expect(await signed({ iat: now - 10, exp: now - 10 + most + 0.001 })).toEqual(refusal);
    expect(await signed({ iat: now + 5, exp: now + 5 + most })).toMatchObject({ granted: true });
    expect(await signed({ iat: 0, exp: now + 1 })).toEqual(refusal);
    expect(await signed({ iat: now + 3_600, exp: now + 60 + most })).toMatchObject({ granted: true });
    expect(await signed({ iat: now + 3_600, exp: now + 60 + most + 0.001 })).toEqual(refusal);
  });

  test("whose times are not finite", async () => {
    const { code } = open();
    expect(await code(await signBytes(secret, Buffer.from('{"exp":1e999}')))).toBe("malformed-token");
    expect(await code(await signBytes(secret, Buffer.from(`{"exp":${now + 1},"iat":-1e999}`)))).toBe("malformed-token");
  });

  test("that is missing", async () => {
    const { verifier } = open();
    for (const none of [undefined, ""])
      expect(await verifier.verify(none)).toEqual(unauthorized("no-token", "no token"));
  });

  test("that is too long, before it is read", async () => {
    const { verifier } = open();
    const token = await signWithSecret(secret, { ...good, padding: "a".repeat(16_384) });
    expect(await verifier.verify(token)).toEqual(unauthorized("malformed-token", "token too long"));
  });

  test("that was modified", async () => {
    const { code } = open();
    const [head, , signature] = (await signWithSecret(secret, good)).split(".");
    const other = Buffer.from(JSON.stringify({ ...good, admin: true })).toString("base64url");
    expect(await code(`${head}.${other}.${signature}`)).toBe("bad-signature");
    expect(await code(`${head}.${other}.`)).toBe("bad-signature");
  });

  test.each(["none", "None", "HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256", "constructor", ""])(
    "that is signed by %j, where HS256 counts",
    async (alg) => {
      const { code } = open();
      expect(await code(tokenOf({ alg }, good))).toBe("bad-signature");
      expect(await code(tokenOf({ alg }, good, "AAAA"))).toBe("bad-signature");
    },
  );

  test.each([
    "garbage",
    "..",
    "a.b.c",
    "Bearer x.y.z",
    "{}",
    "\u0000",
    "日本.日本.日本",
    "e30.e30.e30",
    "e30.e30.e30.e30.e30",
    tokenOf({ alg: 7 }, good),
    tokenOf(null, good),
    tokenOf([], good),
    tokenOf("HS256", good),
    `${tokenOf({ alg: "HS256" }, good)}.AAAA`,
    tokenOf({ alg: "HS256", crit: ["x"], x: 1 }, good, "AAAA"),
    tokenOf({ alg: "HS256", crit: ["b64"], b64: false }, good, "AAAA"),
    tokenOf({ alg: "HS256", b64: "x" }, good, "!"),
  ])("that is none: %j", async (token) => {
    const { code } = open();
    expect(await code(token)).toMatch(/^(malformed-token|bad-signature)$/);
  });

  test("whose signed payload is not an object", async () => {
    const { code } = open();
    for (const payload of ["[]", "7", "null", "{", "\xff"]) {
      expect(await code(await signBytes(secret, Buffer.from(payload, "latin1")))).toBe("malformed-token");
    }
  });
});

/** A verifier with the key set at this location. */
function openAt(location: KeySetLocation) {
  const clock = new FakeClock(now * 1_000);
  const { log, events } = recordedLog();
  const keys = new KeySet({ source: keySourceAt(location), clock, log });
  const verifier = new TokenVerifier({ keys, limits: { tokenMs }, clock });
  const code = async (token: string) => {
    const verified = await verifier.verify(token);
    return verified.granted ? undefined : verified.code;
  };
  return { clock, verifier, code, events, [Symbol.dispose]: () => keys.close() };
}

describe("tokens of a served key set", () => {
  let old: TokenSigner;
  let next: TokenSigner;

  beforeAll(async () => {
    [old, next] = await Promise.all([TokenSigner.create("RS256", "old"), TokenSigner.create("ES256", "next")]);
  });

  test.each<SignatureAlgorithm>(["RS256", "ES256", "EdDSA"])(
    "may be signed by %s, with a named key or without",
    async (alg) => {
      await using server = new KeyServer();
      using scene = openAt(server.location);
      const signers = await Promise.all([TokenSigner.create(alg, "a"), TokenSigner.create(alg, "b")]);
      await server.serve(...signers);
      for (const signer of signers) expect(await scene.code(await signer.sign(good))).toBeUndefined();
      const stranger = await TokenSigner.create(alg);
      await server.serve(...signers, stranger);
      scene.clock.advance(30_000);
      expect(await scene.code(await stranger.sign({ exp: now + 90 }))).toBeUndefined();
      expect(await scene.code(await stranger.sign(good, "a"))).toBe("bad-signature");
    },
  );

  test("are never verified with the public key as a secret", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    await server.serve(old, next);
    for (const signer of [old, next]) {
      const jwk = await signer.jwk();
      const texts = [
        await signer.pem(),
        (await signer.pem()).trim(),
        JSON.stringify(jwk),
        JSON.stringify({ keys: [jwk] }),
      ];
      for (const text of texts) {
        for (const header of [{}, { kid: jwk.kid }, { jwk }, { kid: jwk.kid, jwk }]) {
          expect(await scene.code(await signWithSecret(text, good, header))).toBe("bad-signature");
        }
      }
    }
    expect(await scene.code(tokenOf({ alg: "none", kid: "old" }, good))).toBe("bad-signature");
    expect(await scene.code(tokenOf({ alg: "none" }, good, "AAAA"))).toBe("bad-signature");
  });

  test("are not verified with a key of their own header, or with a secret in the set", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    const stranger = await TokenSigner.create("ES256", "next");
    server.answer(async () => Response.json({ keys: [await next.jwk(), { kty: "oct", kid: "s", k: btoa(secret) }] }));
    expect(await scene.code(await stranger.sign(good))).toBe("bad-signature");
    expect(await scene.code(await signWithSecret(secret, good, { kid: "s" }))).toBe("bad-signature");
    expect(await scene.code(await next.sign(good))).toBeUndefined();
  });

  test("are denied if the key is too short", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    const { publicKey } = await crypto.subtle.generateKey(
      { name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
      true,
      ["sign", "verify"],
    );
    const jwk = await crypto.subtle.exportKey("jwk", publicKey);
    server.answer(() => Response.json({ keys: [{ ...jwk, kid: "old" }] }));
    expect(await scene.code(await old.sign(good))).toBe("bad-signature");
  });

  test("of a new key are valid at once", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    await server.serve(old);
    expect(await scene.code(await old.sign(good))).toBeUndefined();
    scene.clock.advance(30_000);
    await server.serve(old, next);
    const codes = await Promise.all([scene.code(await next.sign(good)), scene.code(await next.sign(good))]);
    expect([codes, server.requests]).toEqual([[undefined, undefined], 2]);
  });

  test("of a key that the set may hold by now are unavailable until it is read again, and others are denied", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    await server.serve(old);
    expect(await scene.code(await old.sign(good))).toBeUndefined();
    await server.serve(old, next);
    scene.clock.advance(29_000);
    const renewed = await next.sign({ ...good, iat: now + 29 });
    expect(await scene.code(renewed)).toBe("unavailable");
    // The key of such a token would have been in the set that was read; or its time is no evidence.
    for (const iat of [undefined, now - 61, now + 90])
      expect(await scene.code(await next.sign({ ...good, iat }))).toBe("bad-signature");
    scene.clock.advance(1_000);
    expect(await scene.code(renewed)).toBeUndefined();
  });

  test("of known keys stay valid while the server is down; others are unavailable", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    await server.serve(old);
    expect(await scene.code(await old.sign(good))).toBeUndefined();
    await server.takeDown();
    scene.clock.advance(30_000);
    expect(await scene.code(await old.sign(good))).toBeUndefined();
    expect(await scene.verifier.verify(await next.sign(good))).toEqual({
      granted: false,
      kind: "unavailable",
      code: "unavailable",
      reason: "the keys that verify tokens are unavailable",
    });
    expect(JSON.stringify(scene.events)).toContain("key-set-failed");
    expect(JSON.stringify(scene.events)).not.toContain("127.0.0.1");
  });

  test("are unavailable until a key set has been read, if it is garbage or slow", async () => {
    await using server = new KeyServer();
    using scene = openAt(server.location);
    server.answer(() => new Response("<html>"));
    expect(await scene.code(await old.sign(good))).toBe("unavailable");
    const asked = Promise.withResolvers<void>();
    server.answer(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    scene.clock.advance(5_000);
    const answer = scene.code(await old.sign(good));
    await asked.promise;
    scene.clock.advance(5_000);
    expect(await answer).toBe("unavailable");
    expect(scene.events).toHaveLength(1);
  });
});

test("tokens of a key set in a file follow the file", async () => {
  using workshop = new Workshop();
  const [old, next] = await Promise.all([TokenSigner.create("ES256", "old"), TokenSigner.create("ES256", "next")]);
  const path = workshop.file("keys.json");
  writeFileSync(path, JSON.stringify({ keys: [await old.jwk()] }));
  using scene = openAt({ path });
  expect(await scene.code(await old.sign(good))).toBeUndefined();
  writeFileSync(workshop.file("new"), JSON.stringify({ keys: [await next.jwk()] }));
  renameSync(workshop.file("new"), path);
  scene.clock.advance(30_000);
  expect(await scene.code(await next.sign(good))).toBeUndefined();
  expect(await scene.code(await old.sign(good))).toBe("bad-signature");
});
