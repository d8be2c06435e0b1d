import { expect, test } from "bun:test";
import { ApiAccess } from "../../src/api/api-access.ts";
import type { ApiKey } from "../../src/auth/keys/api-keys.ts";
import { FakeAuthorizer } from "../support/fakes/fake-authorizer.ts";

const key: ApiKey = { id: "1", name: "agent", scope: "docs:read", prefix: "", createdAt: 0 };

function setUp() {
  let fails = false;
  const decide = <T>(value: T): T => {
    if (fails) throw new Error("the file cannot be read");
    return value;
  };
  const access = new ApiAccess({
    authorizer: new FakeAuthorizer(),
    administration: { refuse: async () => decide(undefined) },
    keys: { find: () => decide(key) },
    isAtHome: () => false,
    refused: () => {},
  });
  const authorize = (token: string) => {
    const request = new Request("http://localhost/v1/docs", { headers: { authorization: `Bearer ${token}` } });
    return access.authorize({ request, remoteAddress: "192.0.2.1", document: undefined }, "docs:read");
  };
  const fail = () => {
    fails = true;
  };
  return { authorize, fail };
}

test.each(["yk_key", "administrator"])(
  "a decision about %s that fails later ends what goes on, and is no failure of the server",
  async (token) => {
    const { authorize, fail } = setUp();
    const caller = await authorize(token);
    expect(await caller.isAllowedStill()).toBe(true);
    fail();
    expect(await caller.isAllowedStill()).toBe(false);
  },
);
