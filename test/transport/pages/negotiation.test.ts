import { describe, expect, test } from "bun:test";
import { entityTagMatches, preferredEncoding } from "../../../src/transport/pages/negotiation.ts";

describe("of br and gzip, best first,", () => {
  test.each([
    [null, undefined],
    ["", undefined],
    ["gzip, deflate, br, zstd", "br"],
    ["gzip, deflate", "gzip"],
    ["deflate", undefined],
    ["*", "br"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["br;q=0.5, gzip;q=1.0", "gzip"],
    ["br;q=0.5,gzip;q=0.5", "br"],
    ["br; q=0, gzip", "gzip"],
    ["br;q=0, *", "gzip"],
    ["*;q=0", undefined],
    ["gzip;q=0.3, identity;q=0.5", undefined],
    ["gzip;q=0.5, identity;q=0.5", "gzip"],
    ["identity", undefined],
    ["identity;q=0", undefined],
    ["br;q=2, gzip;q=0.1", "gzip"],
    ["br;q=nonsense, gzip", "gzip"],
    ["br;level=1;q=0, gzip", "gzip"],
    [",;q=1,,gzip;", "gzip"],
  ])("Accept-Encoding %p is sent %p", (header, encoding) => {
    expect(preferredEncoding(header, ["br", "gzip"])).toBe(encoding);
  });

  test("only an existing encoding can be preferred", () => {
    expect(preferredEncoding("br, gzip", ["gzip"])).toBe("gzip");
    expect(preferredEncoding("br, gzip", [])).toBeUndefined();
  });
});

describe('If-None-Match against "a-br"', () => {
  test.each([
    [null, false],
    ["", false],
    ['"a-br"', true],
    ['W/"a-br"', true],
    ["*", true],
    [" * ", true],
    ['"b", W/"a-br" , "c"', true],
    ['"a"', false],
    ["a-br", false],
    ['"b,", "a-br"', true],
    ['"*"', false],
  ])("%p: %p", (header, matches) => {
    expect(entityTagMatches(header, '"a-br"')).toBe(matches);
  });
});
