import { join } from "node:path";

const root = join(import.meta.dir, "../../..");

/** Makes a release for one target in the folder `out`, in a shell that sets up `conditions` first. */
export async function buildRelease(out: string, conditions: string, args: readonly string[] = []): Promise<void> {
  const command = [process.execPath, "--no-env-file", "scripts/release/main.ts", "--target", "linux-x64", "--out", out];
  const child = Bun.spawn(["sh", "-c", `${conditions}; exec "$@"`, "sh", ...command, ...args], {
    cwd: root,
    env: { ...process.env, SOURCE_DATE_EPOCH: "1700000000" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`the release failed:\n${output.join("")}`);
}

/** Runs a program to its end. The environment is this process's, with `environment` over it. */
export async function runProgram(
  command: readonly string[],
  { cwd, environment = {} }: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const child = Bun.spawn([...command], {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}
