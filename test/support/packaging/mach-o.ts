const pageBytes = 4_096;

interface Section {
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

/**
 * A Mach-O file for x64 with the segments __TEXT (four pages and a half) and __LINKEDIT, which ends with a signature of
 * zeros.
 */
export function unsignedMachO(): Buffer {
  const codeBytes = pageBytes * 4.5;
  const bytes = Buffer.alloc(codeBytes + 1_000);
  for (let index = pageBytes; index < codeBytes; index += 1) bytes[index] = index % 251;
  const sections: readonly Section[] = [
    { name: "__TEXT", start: 0, length: pageBytes * 4 },
    { name: "__LINKEDIT", start: pageBytes * 4, length: bytes.length - pageBytes * 4 },
  ];
  [0xfeedfacf, 0x01000007, 3, 2, sections.length + 1].forEach(
    (word, index) => void bytes.writeUInt32LE(word, index * 4),
  );
  sections.forEach(({ name, start, length }, index) => {
    const at = 32 + index * 72;
    bytes.writeUInt32LE(0x19, at);
    bytes.writeUInt32LE(72, at + 4);
    bytes.write(name, at + 8, "latin1");
    bytes.writeBigUInt64LE(BigInt(length), at + 32);
    bytes.writeBigUInt64LE(BigInt(start), at + 40);
    bytes.writeBigUInt64LE(BigInt(length), at + 48);
  });
  const signature = 32 + sections.length * 72;
  [0x1d, 16, codeBytes, 1_000].forEach((word, index) => void bytes.writeUInt32LE(word, signature + index * 4));
  return bytes;
}
