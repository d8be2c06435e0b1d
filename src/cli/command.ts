import type { Sources } from "../config/sources.ts";

/** A text stream of the process, or of a test. */
export interface Output {
  readonly isTTY?: boolean;
  /** `taken` is called when the reader has the text, or with the error: EPIPE when the reader has gone. */
  write(text: string, taken?: (error?: Error | null) => void): unknown;
}

/** The context that every command runs in. */
export interface CommandContext {
  /** The settings as they were given when the command began. The file is read only for commands with settings. */
  readonly sources: Sources;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** The flags of single commands that take no value. */
export type Switch = "json" | "verify" | "dry-run" | "read" | "admin" | "deleted" | "history";

/** The flags of single commands that take one of a few words. */
export type Choice = "from" | "scope";

/** The flags of single commands that take any text. */
export type Text = "user" | "ttl" | "output" | "prefix" | "at" | "to" | "from";

/** The input of a command: the context, and the command line without the settings. */
export interface CommandInput extends CommandContext {
  /** Reads the configuration file again. Flags and environment stay as they are. */
  readonly readSources: () => Promise<Sources>;
  /** The arguments after the command's name, flags left out. */
  readonly operands: readonly string[];
  readonly switches: ReadonlySet<Switch>;
  /** All choices of the command: each is required. */
  readonly choices: ReadonlyMap<Choice, string>;
  /** The texts that were given. */
  readonly texts: ReadonlyMap<Text, string>;
}

/** Resolves with the exit code. */
export type RunCommand = (input: CommandInput) => Promise<number>;
