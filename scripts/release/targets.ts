/** A kind of machine that a release has an executable for. */
export interface Target {
  /** The name in the files of a release. */
  readonly name: string;
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  /** The C library of a Linux executable. */
  readonly libc?: "glibc" | "musl";
  /** The architecture of the Debian package, where there is one. */
  readonly debian?: "amd64" | "arm64";
}

/**
 * All targets. Each x64 executable runs on every processor with SSE4.2, and uses AVX2 where there is AVX2: Bun 1.4 has
 * one binary for both, of which its `-baseline` packages are copies.
 */
export const targets: readonly Target[] = [
  { name: "linux-x64", os: "linux", cpu: "x64", libc: "glibc", debian: "amd64" },
  { name: "linux-arm64", os: "linux", cpu: "arm64", libc: "glibc", debian: "arm64" },
  { name: "linux-x64-musl", os: "linux", cpu: "x64", libc: "musl" },
  { name: "linux-arm64-musl", os: "linux", cpu: "arm64", libc: "musl" },
  { name: "darwin-x64", os: "darwin", cpu: "x64" },
  { name: "darwin-arm64", os: "darwin", cpu: "arm64" },
  { name: "windows-x64", os: "win32", cpu: "x64" },
  { name: "windows-arm64", os: "win32", cpu: "arm64" },
];

export function executableName({ os }: Pick<Target, "os">): string {
  return os === "win32" ? "yurt.exe" : "yurt";
}

/** Bun's name of the target in `bun build --target`. */
export function bunTargetOf({ name }: Target): string {
  return `bun-${name}`;
}

/** The package with Bun's binary for the target. */
export function bunPackageOf({ name }: Target): string {
  return `@oven/bun-${name.replace("arm64", "aarch64")}`;
}

/** True if the executable of the target runs on this machine, whose Bun it then contains. */
export function isThisMachine({ os, cpu, libc }: Target): boolean {
  return os === process.platform && cpu === process.arch && libc !== "musl";
}
