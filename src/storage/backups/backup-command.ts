import { type ChildProcess, spawn } from "node:child_process";

export interface BackupCommandOptions {
  /** A command line for the system's shell. */
  readonly command: string;
  /** The variables of the command, besides that with the path of the backup. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** How a command has ended. `output` is the end of its output. */
export type CommandEnding =
  | { readonly outcome: "done" }
  | { readonly outcome: "failed"; readonly reason: string; readonly output: string }
  | { readonly outcome: "timeout"; readonly output: string };

/** The variable in which a command finds the path of the backup. */
export const backupFileVariable = "YURT_BACKUP_FILE";

/** The settings of the server, secrets among them, are not for the command. */
const settingsPrefix = "YURT_";
const outputLength = 1_000;

/**
 * Runs a command for a backup that is complete. The path is passed in a variable and never becomes a part of the command
 * line, so that no character in it has a meaning to the shell. Resolves when the command has ended, and never rejects. A
 * command that runs too long is killed with the processes that it has started, and so it is when `signal` aborts.
 */
export async function runBackupCommand(
  file: string,
  { command, environment, timeoutMs }: BackupCommandOptions,
  signal: AbortSignal,
): Promise<CommandEnding> {
  const { promise, resolve } = Promise.withResolvers<CommandEnding>();
  const child = start(command, file, environment);
  // The system refuses some processes at once: an argument that is too long, too many processes.
  if (child instanceof Error) return { outcome: "failed", reason: child.message, output: "" };
  let output = "";
  const read = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-outputLength);
  };
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  const timeout = setTimeout(() => {
    kill(child);
    resolve({ outcome: "timeout", output: output.trim() });
  }, timeoutMs);
  const abort = () => {
    kill(child);
    resolve({ outcome: "failed", reason: "the server stops", output: "" });
  };
  signal.addEventListener("abort", abort);
  child.once("error", ({ message }) => resolve({ outcome: "failed", reason: message, output: "" }));
  // The pipes may stay open longer: a process that runs on in the background has them.
  child.once("exit", (code, by) => {
    if (code === 0) return resolve({ outcome: "done" });
    // The last output may come after the exit.
    const reason = code === null ? `ended by ${by}` : `exit code ${code}`;
    setTimeout(() => resolve({ outcome: "failed", reason, output: output.trim() }), lastOutputMs);
  });
  const ending = await promise;
  clearTimeout(timeout);
  signal.removeEventListener("abort", abort);
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  return ending;
}

const lastOutputMs = 100;

function start(command: string, file: string, environment: BackupCommandOptions["environment"]): ChildProcess | Error {
  const own = Object.entries(environment).filter(([name]) => !name.startsWith(settingsPrefix));
  try {
    return spawn(command, {
      shell: true,
      // A group of its own can be killed as a whole. Windows has no groups, and would open a window.
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...Object.fromEntries(own), [backupFileVariable]: file },
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== "win32") process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
