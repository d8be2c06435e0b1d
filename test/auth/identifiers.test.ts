import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { absentIfEmpty, isSameUser, roomPattern, tokenId, userId } from "../../src/auth/identifiers.ts";

const composed = "Zo\u00eb";
const decomposed = "Zoe\u0308";

describe("a user id", () => {
  test("is the same in whatever form its letters are encoded", () => {
    expect(v.parse(userId, decomposed)).toBe(composed);
    expect([isSameUser(composed, decomposed), isSameUser(composed, "Zoe")]).toEqual([true, false]);
  });

  test.each(["", "a\u0000", "a\u0085b", "\ud800", "a".repeat(1_025), 7, null])("is not %j", (value) => {
    expect(v.is(userId, value)).toBe(false);
  });

  test("that is empty is none where it may be missing", () => {
    const schema = absentIfEmpty(userId);
    expect([v.parse(schema, ""), v.parse(schema, decomposed)]).toEqual([undefined, composed]);
    expect(v.is(schema, " ".repeat(1_025))).toBe(false);
  });
});

test("a token id is compared as it is", () => {
  expect([v.parse(tokenId, decomposed), v.is(tokenId, "")]).toEqual([decomposed, false]);
});

test("a room pattern has its comparable form", () => {
  expect([v.parse(roomPattern, `${decomposed}/*`), v.is(roomPattern, "")]).toEqual([`${composed}/*`, false]);
});
