import { expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { BodyTooLarge, fetchCompressed, readBounded } from "../../src/auth/bounded-response.ts";

const limitBytes = 1_000;

async function receive(body: Uint8Array, encoding: string): Promise<string> {
  await using server = Bun.serve({
    port: 0,
    fetch: ({ headers }) =>
      new Response(body, { headers: { "content-encoding": encoding, asked: headers.get("accept-encoding") ?? "" } }),
  });
  const response = await fetchCompressed(server.url, { headers: {} });
  expect(response.headers.get("asked")).toBe("identity");
  return Buffer.from(await readBounded(response, limitBytes)).toString();
}

test.each([
  ["identity", (text: string) => Buffer.from(text)],
  ["gzip", gzipSync],
  ["GZIP", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
])("a body in %s may have as many bytes as the bound, and no more", async (encoding, compress) => {
  const text = "x".repeat(limitBytes);
  expect(await receive(compress(text), encoding)).toBe(text);
  await expect(receive(compress(`${text}x`), encoding)).rejects.toThrow(BodyTooLarge);
});

test("a compressed body is bounded before it is decompressed", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(limitBytes));
  await expect(receive(gzipSync(noise), "gzip")).rejects.toThrow(BodyTooLarge);
});

test("the runtime decompresses nothing before the bound is applied", async () => {
  const body = gzipSync("x".repeat(limitBytes));
  await using server = Bun.serve({
    port: 0,
    fetch: () => new Response(body, { headers: { "content-encoding": "gzip" } }),
  });
  const response = await fetchCompressed(server.url, { headers: {} });
  expect(Buffer.from(await response.arrayBuffer())).toEqual(body);
});
