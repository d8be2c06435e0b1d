import { expect, test } from "bun:test";
import { bearerToken } from "../../src/lib/bearer-token.ts";

test.each([
  ["Bearer a.b-c", "a.b-c"],
  ["bearer   x", "x"],
  ["Basic eDp5", undefined],
  ["Bearer", undefined],
  ["Bearer ", undefined],
  ["Bearer a b", undefined],
  ["xBearer a", undefined],
  ["", undefined],
  [null, undefined],
  [undefined, undefined],
])("the token of %p is %p", (header, token) => {
  expect(bearerToken(header)).toBe(token);
});
