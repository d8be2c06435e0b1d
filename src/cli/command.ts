import type { Sources } from "../config/sources.ts";

/** Where a command writes: a stream of the process, or a test's. */
export interface Output {
  readonly isTTY?: boolean;
  /** `taken` is called when the reader has the text, or with what became of it: EPIPE when nobody reads any more. */
  write(text: string, taken?: (error?: Error | null) => void): unknown;
}

/** What every command is run with. */
export interface CommandContext {
  readonly sources: Sources;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** The flags of single commands. */
export type Switch = "json" | "verify" | "dry-run" | "read" | "admin";

/** The flags of single commands that name one of some words. */
export type Choice = "from";

/** The flags of single commands that say something in words of their own. */
export type Text = "user" | "ttl";

/** What is said to a command besides the settings. */
export interface CommandInput extends CommandContext {
  /** What follows its name, flags left out. */
  readonly operands: readonly string[];
  readonly switches: ReadonlySet<Switch>;
  /** Those that the command must be given. */
  readonly choices: ReadonlyMap<Choice, string>;
  /** Those that it was given. */
  readonly texts: ReadonlyMap<Text, string>;
}

/** Resolves with the exit code. */
export type RunCommand = (input: CommandInput) => Promise<number>;
