import { findProgram } from "../processes/programs.ts";

/** The exit code and the output of Prometheus' own checker. `input` is its standard input. */
export async function promtool(
  args: readonly string[],
  { folder, input = "" }: { readonly folder?: string; readonly input?: string } = {},
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const child = Bun.spawn([findProgram("promtool") ?? "promtool", ...args], {
    ...(folder !== undefined && { cwd: folder }),
    env: {},
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: stdout + stderr };
}
