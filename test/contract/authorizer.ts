import { describe, expect, test } from "bun:test";
import type { AccessRequest, Authorizer } from "../../src/auth/authorizer.ts";

/** Requests that an authorizer answers, and how. */
export interface AuthorizerCases {
  readonly authorizer: Authorizer;
  readonly granted: readonly AccessRequest[];
  readonly denied: readonly AccessRequest[];
}

/** What every authorizer promises: a decision for every request, returned and not thrown. */
export function describeAuthorizer(name: string, { authorizer, granted, denied }: AuthorizerCases): void {
  describe(name, () => {
    test.each(granted)("grants $kind of $room", async (request) => {
      const decision = await authorizer.authorize(request);
      expect(decision).toMatchObject({ granted: true, access: expect.stringMatching(/^(read|write)$/) });
    });

    if (denied.length === 0) return;
    test.each(denied)("denies $kind of $room, with a reason", async (request) => {
      const decision = await authorizer.authorize(request);
      expect(decision).toMatchObject({ granted: false, kind: expect.stringMatching(/^(unauthorized|forbidden)$/) });
      expect(decision).toMatchObject({ reason: expect.stringMatching(/./) });
    });
  });
}
