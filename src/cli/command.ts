import type { Sources } from "../config/load.ts";

/** Where a command writes: a stream of the process, or a test's. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What every command is run with. */
export interface CommandContext {
  readonly sources: Sources;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Resolves with the exit code. */
export type RunCommand = (context: CommandContext) => Promise<number>;
