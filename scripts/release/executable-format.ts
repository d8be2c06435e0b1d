import { signatureMatches } from "./mach-o-signature.ts";
import { executableName, type Target } from "./targets.ts";

/**
 * Checks an executable that cannot be run on this machine: format, processor, C library, signature, and whether pages,
 * licences and workers are in it. Returns what was found, for the log. Throws with the first fault.
 */
export function checkExecutable(bytes: Buffer, target: Target): string {
  const found = describeExecutable(bytes);
  const expected = formats[target.name] ?? "";
  if (found !== expected) throw new Error(`yurt for ${target.name} is ${found}, not ${expected}`);
  const root = target.os === "win32" ? "B:/~BUN/root" : "/$bunfs/root";
  const embedded = [
    executableName(target).replace(".exe", ""),
    ...["compaction-worker.js", "checkpoint-worker.js", "web/manifest.json", "licenses/THIRD-PARTY-LICENSES.txt"],
  ];
  for (const name of embedded) {
    if (!bytes.includes(`${root}/${name}`)) throw new Error(`yurt for ${target.name} does not contain ${name}`);
  }
  return found;
}

/** The description of each target's executable. */
const formats: Readonly<Record<string, string>> = {
  "linux-x64": "ELF x64, /lib64/ld-linux-x86-64.so.2",
  "linux-arm64": "ELF arm64, /lib/ld-linux-aarch64.so.1",
  "linux-x64-musl": "ELF x64, /lib/ld-musl-x86_64.so.1",
  "linux-arm64-musl": "ELF arm64, /lib/ld-musl-aarch64.so.1",
  "darwin-x64": "Mach-O x64, signature matches",
  "darwin-arm64": "Mach-O arm64, signature matches",
  "windows-x64": "PE x64, unsigned",
  "windows-arm64": "PE arm64, unsigned",
};

/** Reads the headers of an executable: its format, its processor, and its loader or signature. */
export function describeExecutable(bytes: Buffer): string {
  if (bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46) return describeElf(bytes);
  if (bytes.length > 64 && bytes.readUInt32LE(0) === 0xfeedfacf) return describeMachO(bytes);
  if (bytes.length > 64 && bytes.toString("latin1", 0, 2) === "MZ") return describePe(bytes);
  return "no executable";
}

function describeElf(bytes: Buffer): string {
  const cpu = cpuOf(bytes.readUInt16LE(18), { 62: "x64", 183: "arm64" });
  const [start, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  for (let index = 0; index < count; index += 1) {
    const header = start + index * size;
    const isInterpreter = bytes.readUInt32LE(header) === 3;
    if (!isInterpreter) continue;
    const at = Number(bytes.readBigUInt64LE(header + 8));
    return `ELF ${cpu}, ${bytes.toString("latin1", at, bytes.indexOf(0, at))}`;
  }
  return `ELF ${cpu}, static`;
}

function describeMachO(bytes: Buffer): string {
  const cpu = cpuOf(bytes.readUInt32LE(4), { 16777223: "x64", 16777228: "arm64" });
  const matches = signatureMatches(bytes);
  if (matches === undefined) return `Mach-O ${cpu}, unsigned`;
  return `Mach-O ${cpu}, ${matches ? "signature matches" : "signature does not match"}`;
}

function describePe(bytes: Buffer): string {
  const header = bytes.readUInt32LE(0x3c);
  if (bytes.toString("latin1", header, header + 4) !== "PE\0\0") return "no executable";
  const cpu = cpuOf(bytes.readUInt16LE(header + 4), { 34404: "x64", 43620: "arm64" });
  // The fifth directory of the optional header is that of certificates.
  const certificates = header + 24 + 112 + 4 * 8;
  return `PE ${cpu}, ${bytes.readUInt32LE(certificates + 4) === 0 ? "unsigned" : "signed"}`;
}

function cpuOf(code: number, names: Readonly<Record<number, string>>): string {
  return names[code] ?? `processor ${code}`;
}
