import { expect, test } from "bun:test";
import { TokenAdministration } from "../../../src/auth/token/token-administration.ts";
import { secretKeys } from "../../../src/auth/token/token-keys.ts";
import { TokenVerifier } from "../../../src/auth/token/token-verifier.ts";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";

const verifier = new TokenVerifier({ keys: secretKeys([secret]), limits: defaultLimits, clock: systemClock });
const administration = new TokenAdministration({ verifier, isRevoked: ({ tokenId }) => tokenId === "lost" });

const codeFor = async (authorization: string | undefined, path = "") => {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return (await administration.refuse(new Request(`http://127.0.0.1/${path}`, { headers })))?.code;
};

test("an admin token that is not revoked allows administration", async () => {
  expect(await codeFor(`Bearer ${await tokenFor({}, { admin: true })}`)).toBeUndefined();
  expect(await codeFor(`Bearer ${await tokenFor({}, { admin: true, jti: "lost" })}`)).toBe("revoked");
  expect(await codeFor(`Bearer ${await tokenFor({ "**": "write" })}`)).toBe("not-admin");
  expect(await codeFor(`Bearer ${await tokenFor({}, { admin: "yes" })}`)).toBe("malformed-token");
  expect(await codeFor("Bearer garbage")).toBe("malformed-token");
  expect(await codeFor(undefined)).toBe("no-token");
});

test("an admin token in a URL does not count", async () => {
  expect(await codeFor(undefined, `?token=${await tokenFor({}, { admin: true })}`)).toBe("no-token");
});
