import { expect, test } from "bun:test";
import { encodingFor } from "../../src/documents/encodings.ts";

const asked = (accepted: string | undefined, bytes = 10_000) =>
  encodingFor(
    new Request("http://a/", { headers: accepted === undefined ? {} : { "accept-encoding": accepted } }),
    bytes,
  );

test.each([
  [undefined, undefined],
  ["", undefined],
  ["identity", undefined],
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate, br", "gzip"],
  ["GZIP", "gzip"],
  [" zstd ;q=0.1,gzip;q=1", "zstd"],
  ["zstd;q=0, gzip", "gzip"],
  ["zstd; Q=0.000 , gzip;q=0.0", undefined],
  ["zstd;level=3;q=0,gzip;level=1;q=0.5", "gzip"],
  ["x-gzip, zstd2, my-zstd", undefined],
  ["br;x=zstd, gzip;q=0.01", "gzip"],
] as const)("a client that accepts %p gets %p", (accepted, encoding) => {
  expect(asked(accepted)).toBe(encoding);
});

test("a small answer is not compressed", () => {
  expect([asked("gzip", 1_023), asked("gzip", 1_024)]).toEqual([undefined, "gzip"]);
});
