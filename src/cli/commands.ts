import { durationForms } from "../config/duration.ts";
import { sourceFormats } from "../storage/source.ts";
import type { Choice, RunCommand, Switch, Text } from "./command.ts";

/** One row of the table of commands. */
export interface CommandDefinition {
  /** The name, and the operands as commander writes them. */
  readonly usage: string;
  readonly help: string;
  readonly switches?: readonly Switch[];
  /** Each of them has to be given. */
  readonly choices?: readonly Choice[];
  readonly texts?: readonly Text[];
  /** Each command is loaded when it runs: a health check that is made every few seconds loads no server. */
  readonly load: () => Promise<RunCommand>;
}

export const commands: readonly CommandDefinition[] = [
  {
    usage: "serve",
    help: "run the server (what yurt does when no command is named)",
    load: async () => (await import("./serve.ts")).serve,
  },
  {
    usage: "health",
    help: "exit 0 when the running server is ready",
    load: async () => (await import("./health.ts")).health,
  },
  {
    usage: "token [rooms...]",
    help: "make a token that lets its holder into rooms: names, or patterns with * and **",
    switches: ["read", "admin"],
    texts: ["user", "ttl"],
    load: async () => (await import("./token.ts")).token,
  },
  {
    usage: "backup <target>",
    help: "copy all documents into a new file; a server may run meanwhile",
    switches: ["verify"],
    load: async () => (await import("./backup.ts")).backup,
  },
  {
    usage: "restore <source>",
    help: "put a backup in the place of the documents; those are kept beside it",
    load: async () => (await import("./restore.ts")).restore,
  },
  {
    usage: "version",
    help: "print the version",
    load: async () => (await import("./version.ts")).printVersion,
  },
];

/** Behind `documents`; no server may run. */
export const documentCommands: readonly CommandDefinition[] = [
  {
    usage: "list",
    help: "every document, its size and its updates since it was compacted",
    switches: ["json"],
    load: async () => (await import("./documents/list.ts")).listDocuments,
  },
  {
    usage: "info <name>",
    help: "what the log of one document tells",
    switches: ["json"],
    load: async () => (await import("./documents/info.ts")).documentInfo,
  },
  {
    usage: "compact [names...]",
    help: "make one update of each document's log, without what was deleted; all documents when none is named",
    switches: ["json"],
    load: async () => (await import("./documents/compact.ts")).compactDocuments,
  },
  {
    usage: "import <path>",
    help: "take over the documents of another server, which should be stopped; what is there already is merged",
    switches: ["dry-run", "json"],
    choices: ["from"],
    load: async () => (await import("./documents/import.ts")).importDocuments,
  },
];

export const switchHelp: Readonly<Record<Switch, string>> = {
  json: "one JSON object a line",
  verify: "check the copy, down to every update",
  "dry-run": "read and check everything, and write nothing",
  read: "the holder may read, and not write",
  admin: "the holder may administer the server",
};

export const choiceHelp: Readonly<Record<Choice, { readonly help: string; readonly words: readonly string[] }>> = {
  from: { help: "what the path is: how the other server keeps its documents", words: sourceFormats },
};

export const textHelp: Readonly<Record<Text, { readonly help: string; readonly placeholder: string }>> = {
  user: { help: "who the holder is", placeholder: "name" },
  ttl: { help: `how long it is good: ${durationForms} (default: 1h)`, placeholder: "time" },
};
