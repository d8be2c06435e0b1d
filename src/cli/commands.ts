import type { OptionKey } from "../composition/settings/options.ts";
import { durationForms } from "../config/duration.ts";
import { sourceFormats } from "../storage/source.ts";
import type { Choice, RunCommand, Switch, Text } from "./command.ts";

/** One row of the table of commands. */
export interface CommandDefinition {
  /** The name, and the operands as commander writes them. */
  readonly usage: string;
  readonly help: string;
  readonly example?: string;
  readonly switches?: readonly Switch[];
  /** Each of them is required. */
  readonly choices?: readonly Choice[];
  readonly texts?: readonly Text[];
  /** The settings that the command reads, and that its help shows. Without them it reads no configuration file. */
  readonly settings?: readonly OptionKey[] | "all";
  /** Loads the command when it runs, so that a health check that runs every few seconds loads no server. */
  readonly load: () => Promise<RunCommand>;
}

/** Commands after the name of a group. */
export interface CommandGroup {
  readonly name: string;
  readonly help: string;
  /** A sentence that holds for all of its commands. */
  readonly note?: string;
  readonly commands: readonly CommandDefinition[];
}

export const commands: readonly CommandDefinition[] = [
  {
    usage: "serve [domains...]",
    help: "start the server (default); with domains, over HTTPS",
    settings: "all",
    load: async () => (await import("./server/serve.ts")).serve,
  },
  {
    usage: "token [rooms...]",
    help: "create an access token for rooms: names, or patterns with * and **",
    example: "yurt token 'notes/*' --user ann",
    switches: ["read", "admin"],
    texts: ["user", "ttl"],
    settings: ["data", "auth.secret", "auth.issuer", "auth.audience"],
    load: async () => (await import("./token.ts")).token,
  },
  {
    usage: "backup <target>",
    help: "copy all documents into a new file; the server may run meanwhile",
    switches: ["verify"],
    settings: ["data"],
    load: async () => (await import("./backup.ts")).backup,
  },
  {
    usage: "restore <source>",
    help: "replace all documents with a backup (the current database is kept)",
    settings: ["data"],
    load: async () => (await import("./restore.ts")).restore,
  },
  {
    usage: "health",
    help: "exit with 0 if the running server is ready",
    settings: ["host", "port"],
    load: async () => (await import("./server/health.ts")).health,
  },
  {
    usage: "check",
    help: "check the configuration, without starting the server",
    settings: "all",
    load: async () => (await import("./configuration/check.ts")).check,
  },
  {
    usage: "doctor",
    help: "examine machine, data folder, proxy and running server; each finding has its remedy",
    switches: ["json"],
    settings: "all",
    load: async () => (await import("./doctor/doctor.ts")).doctor,
  },
  {
    usage: "ports",
    help: "list the ports that the server listens on, and which to open in the firewall",
    switches: ["json"],
    settings: "all",
    load: async () => (await import("./ports.ts")).listPorts,
  },
  {
    usage: "limits",
    help: "list all limits with their defaults",
    load: async () => (await import("./limits.ts")).listLimits,
  },
  {
    usage: "completion <shell>",
    help: "print a script that completes commands and flags: bash, zsh or fish",
    example: "source <(yurt completion bash)",
    load: async () => (await import("./completion/completion.ts")).completionOf(commandTable()),
  },
  {
    usage: "licenses",
    help: "print the licences of the software that Yurt contains",
    load: async () => (await import("./licenses.ts")).printLicenses,
  },
  {
    usage: "version",
    help: "print the version",
    load: async () => (await import("./version.ts")).printVersion,
  },
];

const documentCommands: readonly CommandDefinition[] = [
  {
    usage: "list",
    help: "list all documents: size, updates since compaction, name",
    switches: ["json"],
    settings: ["data"],
    load: async () => (await import("./documents/list.ts")).listDocuments,
  },
  {
    usage: "info <name>",
    help: "show details of one document",
    switches: ["json"],
    settings: ["data"],
    load: async () => (await import("./documents/info.ts")).documentInfo,
  },
  {
    usage: "compact [names...]",
    help: "merge each document's update log into one snapshot (default: all documents)",
    switches: ["json"],
    settings: ["data", "sync.no-gc"],
    load: async () => (await import("./documents/compact.ts")).compactDocuments,
  },
  {
    usage: "import <path>",
    help: "import the documents of another server, which must be stopped; existing documents are merged",
    switches: ["dry-run", "json"],
    choices: ["from"],
    settings: ["data", "sync.no-gc", "limits.document-bytes", "limits.name-bytes"],
    load: async () => (await import("./documents/import.ts")).importDocuments,
  },
];

const configCommands: readonly CommandDefinition[] = [
  {
    usage: "show",
    help: "print every setting and its origin; secrets are masked",
    switches: ["json"],
    settings: "all",
    load: async () => (await import("./configuration/config-show.ts")).showConfiguration,
  },
  {
    usage: "init",
    help: "print a configuration file in which every setting is commented out",
    example: "yurt config init --output yurt.toml",
    texts: ["output"],
    load: async () => (await import("./configuration/config-init.ts")).initConfiguration,
  },
];

export const commandGroups: readonly CommandGroup[] = [
  { name: "config", help: "show the configuration, or write a configuration file", commands: configCommands },
  {
    name: "documents",
    help: "inspect, compact and import documents",
    note: "The server must not run on the same data folder. They migrate the database of an older release, as a start does.",
    commands: documentCommands,
  },
];

export const switchHelp: Readonly<Record<Switch, string>> = {
  json: "print one JSON object per line",
  verify: "check the copy, down to every update",
  "dry-run": "read and check everything, write nothing",
  read: "read-only",
  admin: "permit administration of the server",
};

export const choiceHelp: Readonly<Record<Choice, { readonly help: string; readonly words: readonly string[] }>> = {
  from: { help: "the other server's storage format", words: sourceFormats },
};

export const textHelp: Readonly<Record<Text, { readonly help: string; readonly placeholder: string }>> = {
  user: { help: "user id", placeholder: "name" },
  output: { help: "write to this new file instead of standard output", placeholder: "file" },
  ttl: { help: `lifetime: ${durationForms} (default: 1h)`, placeholder: "time" },
};

/** The whole table, for the completion of shells. */
function commandTable() {
  return { commands, groups: commandGroups, switchHelp, choiceHelp, textHelp };
}
