/** The end of a child process and everything that it printed. */
export interface Ended {
  /** Null if a signal ended the process. */
  readonly exitCode: number | null;
  readonly stderr: string;
  /** Standard output and standard error, in the order of their arrival. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** The process group is killed after this time. */
  readonly limitMs: number;
}

/** Runs a command in a process group of its own. No process of the group is left when the promise resolves. */
export async function runCommand(command: readonly string[], { cwd, limitMs }: RunOptions): Promise<Ended> {
  const startedAt = performance.now();
  const child = Bun.spawn([...command], { cwd, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = () => killGroup(child.pid);
  const interrupt = () => {
    end();
    process.exit(130);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let output = "";
  let stderr = "";
  const timer = setTimeout(end, limitMs);
  const stdoutEnded = read(child.stdout, (text) => {
    output += text;
  });
  const stderrEnded = read(child.stderr, (text) => {
    output += text;
    stderr += text;
  });
  await child.exited;
  clearTimeout(timer);
  end();
  await Promise.all([stdoutEnded, stderrEnded]);
  if (child.signalCode !== null) output += `\n(ended by ${child.signalCode} after ${seconds(startedAt)})\n`;
  process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  return { exitCode: child.exitCode, stderr, output };
}

/** The time since `startedAt` (milliseconds of `performance.now`), as in `12.3 s`. */
export function seconds(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}

function killGroup(id: number): void {
  try {
    process.kill(-id, "SIGKILL");
  } catch {
    // The group has no process left.
  }
}

async function read(stream: ReadableStream<Uint8Array>, received: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) received(decoder.decode(chunk, { stream: true }));
}
