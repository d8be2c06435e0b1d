import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { checkExecutable, describeExecutable } from "../../../scripts/release/executable-format.ts";
import { signAdHoc, signatureMatches } from "../../../scripts/release/mach-o-signature.ts";
import { type Target, targets } from "../../../scripts/release/targets.ts";
import { unsignedMachO } from "../../support/packaging/mach-o.ts";

/** The folder of embedded files on Windows. */
const windowsRoot = "B:/~BUN/root";

const [linux = targets[0] as Target] = targets;

/** A PE file with a directory of certificates of this size. */
function portableExecutable(machine: number, certificateBytes: number): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write("MZ", 0, "latin1");
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write("PE\0\0", 0x80, "latin1");
  bytes.writeUInt16LE(machine, 0x84);
  bytes.writeUInt32LE(certificateBytes, 0x80 + 24 + 112 + 36);
  return bytes;
}

describe("an executable", () => {
  test.each([
    ["PE x64, unsigned", portableExecutable(0x8664, 0)],
    ["PE arm64, signed", portableExecutable(0xaa64, 9_000)],
    ["PE processor 332, unsigned", portableExecutable(0x14c, 0)],
    ["Mach-O x64, signature does not match", unsignedMachO()],
    ["Mach-O x64, signature matches", signAdHoc(unsignedMachO(), "yurt")],
    ["no executable", Buffer.from("#!/bin/sh\n".padEnd(200))],
    ["no executable", Buffer.from("MZ")],
  ])("is described: %s", (description, bytes) => {
    expect(describeExecutable(bytes)).toBe(description);
  });

  test.skipIf(process.platform !== "linux")("of this machine is described from its headers", () => {
    expect(describeExecutable(readFileSync(process.execPath))).toMatch(/^ELF (x64|arm64), \/lib.*\/?ld-/);
  });

  test("of another machine than the target's is refused, and one without its assets", () => {
    expect(() => checkExecutable(portableExecutable(0x8664, 0), linux)).toThrow(
      "yurt for linux-x64 is PE x64, unsigned",
    );
    const windows = targets.find(({ name }) => name === "windows-x64") ?? linux;
    expect(() => checkExecutable(portableExecutable(0x8664, 0), windows)).toThrow("does not contain yurt");
    const parts = ["yurt", "compaction-worker.js", "checkpoint-worker.js", "web/manifest.json"];
    const withParts = (names: readonly string[]) =>
      Buffer.concat([
        portableExecutable(0x8664, 0),
        Buffer.from(names.map((name) => `${windowsRoot}/${name}\0`).join("")),
      ]);
    expect(() => checkExecutable(withParts(parts), windows)).toThrow("does not contain licenses/");
    const whole = withParts([...parts, "licenses/THIRD-PARTY-LICENSES.txt"]);
    expect(checkExecutable(whole, windows)).toBe("PE x64, unsigned");
  });
});

describe("a signature without a certificate", () => {
  const signed = signAdHoc(unsignedMachO(), "yurt");

  test("covers every page: a change of any of them breaks it", () => {
    expect(signatureMatches(unsignedMachO())).toBeFalse();
    expect(signatureMatches(signed)).toBeTrue();
    for (const at of [100, 5_000, 4_096 * 4 + 10]) {
      const changed = Buffer.from(signed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(signatureMatches(changed)).toBeFalse();
    }
  });

  test("leaves the code as it is, ends the file, and replaces the signature that was there", () => {
    expect(signed.subarray(400, 4_096 * 4.5).equals(unsignedMachO().subarray(400, 4_096 * 4.5))).toBeTrue();
    expect(signAdHoc(signed, "yurt").equals(signed)).toBeTrue();
    const command = 32 + 2 * 72;
    expect(signed.readUInt32LE(command + 8) + signed.readUInt32LE(command + 12)).toBe(signed.length);
    const linkEdit = 32 + 72;
    expect(Number(signed.readBigUInt64LE(linkEdit + 40) + signed.readBigUInt64LE(linkEdit + 48))).toBe(signed.length);
  });

  test("is refused for a file with data behind its signature", () => {
    expect(() => signAdHoc(Buffer.concat([unsignedMachO(), Buffer.alloc(8)]), "yurt")).toThrow("not at the end");
  });
});
