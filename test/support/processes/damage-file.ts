import type { Random } from "../bytes/random.ts";

/** A file's bytes after damage by a disk, a copy or a program. The function is fast for large files too. */
export function damageFile(random: Random, original: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(original);
  const at = random.integer(bytes.length);
  const end = at + 1 + random.integer(random.pick([4, 64, 5_000]));
  const damage = random.pick<() => Uint8Array>([
    () => bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.integer(8))),
    () => bytes.map((byte, index) => (index >= at && index < end ? random.integer(256) : byte)),
    () => bytes.fill(0, at, end),
    () => bytes.fill(0, at),
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]),
    () => Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]),
    () => Buffer.concat([bytes, bytes.subarray(at, end)]),
  ]);
  return damage();
}
