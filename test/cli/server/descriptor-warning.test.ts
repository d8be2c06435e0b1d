import { describe, expect, test } from "bun:test";
import { descriptorWarning } from "../../../src/cli/server/descriptor-warning.ts";

const everywhere = {
  host: "0.0.0.0",
  "public-url": undefined,
  "limits.connections": 50_000,
  "turn.enabled": false,
  "limits.turn-allocations": 10_000,
  "limits.turn-connections": 5_000,
};
const limit = (soft: number) => ({ soft, hard: soft });

describe("the limit of file descriptors", () => {
  test("is warned of when it is below what limits.connections needs, with some for files", () => {
    expect(descriptorWarning(everywhere, limit(50_199))).toEqual({
      event: "descriptor-limit-low",
      limit: 50_199,
      connections: 50_000,
      possible: 49_999,
      remedy: expect.stringContaining("--limits-connections 49999"),
    });
    expect(descriptorWarning(everywhere, limit(50_200))).toBeUndefined();
    expect(descriptorWarning(everywhere, limit(Number.POSITIVE_INFINITY))).toBeUndefined();
    expect(descriptorWarning(everywhere, limit(64))?.possible).toBe(0);
  });

  test("is shared with TURN: its allocations and its connections", () => {
    const withTurn = { ...everywhere, "turn.enabled": true };
    expect(descriptorWarning(withTurn, limit(65_199))?.possible).toBe(49_999);
    expect(descriptorWarning(withTurn, limit(65_200))).toBeUndefined();
    // TURN does not take more than a third.
    expect(descriptorWarning(withTurn, limit(20_000))).toMatchObject({
      possible: 13_134,
      remedy: expect.stringContaining(
        "--limits-connections 13134 --limits-turn-allocations 3333 --limits-turn-connections 3333.",
      ),
    });
  });

  test("does not matter where it is unknown, and for a server that only this machine reaches", () => {
    const local = { ...everywhere, host: "127.0.0.1" };
    expect(descriptorWarning(local, limit(1_024))).toBeUndefined();
    expect(descriptorWarning({ ...local, "public-url": new URL("https://a.example") }, limit(1_024))).toBeDefined();
    expect(descriptorWarning({ ...everywhere, "limits.connections": 800 }, limit(1_024))).toBeUndefined();
  });
});
