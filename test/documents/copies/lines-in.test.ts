import { expect, test } from "bun:test";
import { LineTooLong, linesIn } from "../../../src/documents/copies/lines-in.ts";

const bytes = new TextEncoder().encode('{"a":"é😀"}\r\n\n  \n{"b":1}\n{"c":2}');

async function* inChunks(size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}

test("lines are found wherever they are cut, and empty ones are left out", async () => {
  for (let size = 1; size <= bytes.byteLength; size += 1) {
    expect(await Array.fromAsync(linesIn(inChunks(size), 100))).toEqual(['{"a":"é😀"}', '{"b":1}', '{"c":2}']);
  }
});

test("a line that is too long is refused before it has come as a whole", async () => {
  let chunks = 0;
  const endless = async function* () {
    for (; ; chunks += 1) yield new Uint8Array(10).fill(0x20);
  };
  expect(Array.fromAsync(linesIn(endless(), 95))).rejects.toBeInstanceOf(LineTooLong);
  await Bun.sleep(0);
  expect(chunks).toBeLessThan(11);
});

test("a chunk whose buffer is used again does not change the line", async () => {
  const buffer = new Uint8Array(2);
  const reused = async function* () {
    for (const letters of ["ab", "cd", "e\n"]) {
      buffer.set(new TextEncoder().encode(letters));
      yield buffer;
    }
  };
  expect(await Array.fromAsync(linesIn(reused(), 100))).toEqual(["abcde"]);
});
