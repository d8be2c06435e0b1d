import { describe, expect, test } from "bun:test";
import type { AccessRequest, Authorizer } from "../../src/auth/authorizer.ts";

/** The requests that an authorizer answers, grouped by the decision. */
export interface AuthorizerCases {
  readonly authorizer: Authorizer;
  readonly granted: readonly AccessRequest[];
  readonly denied: readonly AccessRequest[];
}

/** The contract of every authorizer: it returns a decision for every request, and never throws one. */
export function describeAuthorizer(name: string, { authorizer, granted, denied }: AuthorizerCases): void {
  describe(name, () => {
    test.each(granted)("grants $kind of $room", async (request) => {
      const decision = await authorizer.authorize(request);
      if (!decision.granted) throw new Error(decision.reason);
      expect(["read", "write"]).toContain(decision.access);
      decision.release();
      decision.release();
    });

    if (denied.length === 0) return;
    test.each(denied)("denies $kind of $room, with a reason", async (request) => {
      const decision = await authorizer.authorize(request);
      if (decision.granted) throw new Error("granted");
      expect(["unauthorized", "forbidden", "unavailable"]).toContain(decision.kind);
      expect(decision.reason).not.toBe("");
    });
  });
}
