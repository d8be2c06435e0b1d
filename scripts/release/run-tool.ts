/** The folder and environment of a tool. */
export interface ToolOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and resolves with its standard output. Rejects with all its output if it fails. */
export async function runTool(
  command: readonly [string, ...string[]],
  { cwd, environment = {} }: ToolOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const child = Bun.spawn([...command], {
    ...(cwd !== undefined && { cwd }),
    // Dates, the order of names and messages must not depend on the person who makes the release.
    env: { ...process.env, TZ: "UTC", LC_ALL: "C", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([child.stdout.bytes(), child.stderr.text()]);
  if ((await child.exited) === 0) return out;
  throw new Error(`${command.slice(0, 2).join(" ")} failed:\n${err}${new TextDecoder().decode(out)}`.trim());
}
