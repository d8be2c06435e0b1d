import { describe, expect, test } from "bun:test";
import { nearestName } from "../../src/config/nearest-name.ts";

const names = ["HOST", "PORT", "DATA", "SYNC_ENABLED", "AUTH_MODE", "LOG_LEVEL"];

describe("the nearest name", () => {
  test.each([
    ["PROT", "PORT"],
    ["POTR", "PORT"],
    ["port", undefined],
    ["DAT", "DATA"],
    ["LOGLEVEL", "LOG_LEVEL"],
    ["LOG-LEVEL", "LOG_LEVEL"],
    ["AUTH_MOD", "AUTH_MODE"],
    ["SYNC", "SYNC_ENABLED"],
    ["SYNC_ENABLE", "SYNC_ENABLED"],
    ["FOO", undefined],
    ["A", undefined],
    ["SY", undefined],
    ["HO", undefined],
    ["SYN", "SYNC_ENABLED"],
    ["TURN_ENABLED", undefined],
    ["", undefined],
    ["__proto__", undefined],
  ])("to %p is %p", (name, nearest) => {
    expect(nearestName(name, names)).toBe(nearest);
  });

  test("of none is none", () => {
    expect(nearestName("PORT", [])).toBeUndefined();
  });

  test("is the first of those equally near", () => {
    expect(nearestName("boat", ["coat", "goat"])).toBe("coat");
  });
});
