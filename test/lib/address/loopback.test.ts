import { expect, test } from "bun:test";
import { isLoopback } from "../../../src/lib/address/loopback.ts";

test.each([
  ["127.0.0.1", true],
  ["127.255.0.3", true],
  ["::1", true],
  ["[::1]", true],
  ["::ffff:127.0.0.1", true],
  ["[::ffff:7f00:1]", true],
  ["0:0:0:0:0:0:0:1", true],
  ["localhost.", true],
  ["localhost", true],
  ["LOCALHOST", true],
  ["app.localhost", true],
  ["notlocalhost", false],
  ["localhost.example", false],
  ["127.0.0.1.example", false],
  ["128.0.0.1", false],
  ["10.127.0.0.1", false],
  ["0.0.0.0", false],
  ["::", false],
  ["::2", false],
  ["127.1", false],
  ["[::ffff:8000:1]", false],
  ["", false],
])("takes the host %s for this machine: %p", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
