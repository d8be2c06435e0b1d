import { describe, expect, test } from "bun:test";
import {
  decodeClaim,
  decodeRefusal,
  decodeVerdict,
  encodeClaim,
  encodeRefusal,
  encodeVerdict,
  type Verdict,
} from "../../../src/signaling/cluster/claim-codec.ts";

const stamp = { at: 1_780_000_000_123, node: "n-1" };

describe("what nodes tell each other about an id", () => {
  test("is read as it was written", () => {
    const claim = { id: "é", stamp, proof: Uint8Array.of(1, 2) };
    expect(decodeClaim(encodeClaim(claim))).toEqual(claim);
    const verdicts: readonly Verdict[] = [{ type: "permitted", stamp, details: "[]" }, { type: "taken" }];
    for (const verdict of verdicts) expect(decodeVerdict(encodeVerdict(verdict))).toEqual(verdict);
    expect(decodeRefusal(encodeRefusal({ id: "x", stamp }))).toEqual({ id: "x", stamp });
  });

  test("may have more at its end, from a later release", () => {
    const longer = (bytes: Uint8Array) => Uint8Array.of(...bytes, 7, 7);
    expect(decodeClaim(longer(encodeClaim({ id: "x", stamp, proof: new Uint8Array() })))?.id).toBe("x");
    expect(decodeVerdict(longer(encodeVerdict({ type: "taken" })))).toEqual({ type: "taken" });
  });

  test("of an unknown type is no claim, no verdict and no refusal", () => {
    const unknown = Uint8Array.of(99, 1, 2, 3);
    expect([decodeClaim(unknown), decodeVerdict(unknown), decodeRefusal(unknown)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([0, 1, 2, 5])("cut to %i bytes is not read", (length) => {
    const bytes = encodeClaim({ id: "xyz", stamp, proof: new Uint8Array(32) });
    expect(decodeClaim(bytes.subarray(0, length))).toBeUndefined();
  });
});
