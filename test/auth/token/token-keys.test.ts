import { describe, expect, test } from "bun:test";
import { encodeSecret, secretKeys } from "../../../src/auth/token/token-keys.ts";

describe("a secret", () => {
  test("is the bytes of its text in UTF-8, at least 32", () => {
    expect(encodeSecret("é".repeat(16))).toEqual(new Uint8Array(Buffer.from("é".repeat(16))));
    expect(() => encodeSecret("a".repeat(31))).toThrow("A secret needs 32 bytes.");
    expect(() => secretKeys(["a".repeat(32), "b".repeat(31)])).toThrow("A secret needs 32 bytes.");
  });
});

test("secrets are for HS256 only, and are tried in order", async () => {
  const { algorithms, candidates } = secretKeys(["a".repeat(32), "b".repeat(32)]);
  expect([...algorithms]).toEqual(["HS256"]);
  const keys = await Array.fromAsync(candidates({ alg: "HS256" }));
  expect(keys).toEqual([encodeSecret("a".repeat(32)), encodeSecret("b".repeat(32))]);
});
