const codeSignature = 0x1d;
const segment64 = 0x19;
const superBlobMagic = 0xfade0cc0;
const codeDirectoryMagic = 0xfade0c02;

/** The lengths of the superblob with one entry, and of a code directory of version 0x20400. */
const superBlobBytes = 20;
const directoryBytes = 88;
const hashBytes = 32;
const pageBits = 12;

/** A load command's place in the file. */
interface LoadCommand {
  readonly kind: number;
  readonly at: number;
}

/**
 * Whether the code directory in the signature of a Mach-O executable has the hash of every page; undefined if there is no
 * signature. macOS ends a process whose pages do not match, and one without a signature on arm64.
 */
export function signatureMatches(bytes: Buffer): boolean | undefined {
  const command = loadCommands(bytes).find(({ kind }) => kind === codeSignature);
  if (command === undefined) return undefined;
  const start = bytes.readUInt32LE(command.at + 8);
  if (start + superBlobBytes > bytes.length || bytes.readUInt32BE(start) !== superBlobMagic) return false;
  const count = bytes.readUInt32BE(start + 8);
  const blobs = Array.from({ length: count }, (_, index) => start + bytes.readUInt32BE(start + 16 + index * 8));
  const directory = blobs.find((at) => bytes.readUInt32BE(at) === codeDirectoryMagic);
  if (directory === undefined) return false;
  const hashes = directory + bytes.readUInt32BE(directory + 16);
  const codeLimit = bytes.readUInt32BE(directory + 32);
  const [hashSize, hashType, , bits = 0] = bytes.subarray(directory + 36, directory + 40);
  const expected = pageHashes(bytes.subarray(0, codeLimit), 2 ** bits);
  const isComplete = codeLimit === start && bytes.readUInt32BE(directory + 28) === expected.length / hashBytes;
  const isSha256 = hashType === 2 && hashSize === hashBytes;
  return isComplete && isSha256 && bytes.subarray(hashes, hashes + expected.length).equals(expected);
}

/**
 * A copy of a Mach-O executable with an ad-hoc signature, which needs no certificate, instead of the signature that it
 * has. Bun 1.4 signs only the executables for arm64: those for x64 keep the signature of Bun, which does not match.
 *
 * Throws if there is no signature to replace, or if anything follows it.
 */
export function signAdHoc(bytes: Buffer, identifier: string): Buffer {
  const commands = loadCommands(bytes);
  const command = commands.find(({ kind }) => kind === codeSignature);
  const linkEdit = segmentOf(bytes, commands, "__LINKEDIT");
  const text = segmentOf(bytes, commands, "__TEXT");
  if (command === undefined || linkEdit === undefined || text === undefined) throw new Error("there is no signature");
  const start = bytes.readUInt32LE(command.at + 8);
  const isLast = start + bytes.readUInt32LE(command.at + 12) === bytes.length;
  if (!isLast) throw new Error("the signature is not at the end");

  const hashOffset = directoryBytes + identifier.length + 1;
  const pages = Math.ceil(start / 2 ** pageBits);
  const directoryLength = hashOffset + pages * hashBytes;
  const length = superBlobBytes + directoryLength;
  const signed = Buffer.alloc(start + length);
  bytes.copy(signed, 0, 0, start);

  // The headers are in the first page, so they come before the hashes.
  const linkEditStart = Number(signed.readBigUInt64LE(linkEdit + 40));
  const linkEditBytes = signed.length - linkEditStart;
  signed.writeUInt32LE(signed.length - start, command.at + 12);
  signed.writeBigUInt64LE(BigInt(Math.ceil(linkEditBytes / 0x1000) * 0x1000), linkEdit + 32);
  signed.writeBigUInt64LE(BigInt(linkEditBytes), linkEdit + 48);

  const blob = [superBlobMagic, length, 1, 0, superBlobBytes];
  const adHoc = 0x2;
  const linkerSigned = 0x20000;
  const directory = [codeDirectoryMagic, directoryLength, 0x20400, adHoc | linkerSigned, hashOffset, directoryBytes];
  const sizes = [0, pages, start];
  for (const [index, value] of [...blob, ...directory, ...sizes].entries()) {
    signed.writeUInt32BE(value, start + index * 4);
  }
  const at = start + superBlobBytes;
  signed.set([hashBytes, 2, 0, pageBits], at + 36);
  // The main executable's segment: where it starts, its length, and a flag that says what it is.
  signed.writeBigUInt64BE(signed.readBigUInt64LE(text + 40), at + 64);
  signed.writeBigUInt64BE(signed.readBigUInt64LE(text + 48), at + 72);
  signed.writeBigUInt64BE(1n, at + 80);
  signed.write(identifier, at + directoryBytes, "latin1");
  pageHashes(signed.subarray(0, start), 2 ** pageBits).copy(signed, at + hashOffset);
  return signed;
}

function pageHashes(code: Buffer, pageBytes: number): Buffer {
  const pages = Array.from({ length: Math.ceil(code.length / pageBytes) }, (_, page) => page * pageBytes);
  return Buffer.concat(
    pages.map((start) =>
      new Bun.CryptoHasher("sha256").update(code.subarray(start, Math.min(start + pageBytes, code.length))).digest(),
    ),
  );
}

function loadCommands(bytes: Buffer): readonly LoadCommand[] {
  const commands: LoadCommand[] = [];
  let at = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    commands.push({ kind: bytes.readUInt32LE(at), at });
    at += bytes.readUInt32LE(at + 4);
  }
  return commands;
}

/** The place of the command of a segment; undefined if the file has no such segment. */
function segmentOf(bytes: Buffer, commands: readonly LoadCommand[], name: string): number | undefined {
  const named = ({ at }: LoadCommand) => bytes.toString("latin1", at + 8, at + 24).replace(/\0.*$/s, "") === name;
  return commands.find((command) => command.kind === segment64 && named(command))?.at;
}
