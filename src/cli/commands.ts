import { scopes } from "../auth/keys/api-keys.ts";
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

/** The settings that say where documents, secrets and API keys are, and those of a command that mints a token as well. */
const dataPlace: readonly OptionKey[] = ["data", "cluster.url", "cluster.password", "cluster.ca-file"];
const minting: readonly OptionKey[] = [...dataPlace, "auth.secret", "auth.issuer", "auth.audience"];

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
    settings: minting,
    load: async () => (await import("./token.ts")).token,
  },
  {
    usage: "turn-credentials",
    help: "print ICE servers with credentials for the TURN server",
    example: "yurt turn-credentials --user test --ttl 10m",
    switches: ["json"],
    texts: ["user", "ttl"],
    settings: "all",
    load: async () => (await import("./turn-credentials.ts")).turnCredentials,
  },
  {
    usage: "backup <target>",
    help: "copy all documents into a new file, also while the server runs",
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
    usage: "migrate",
    help: "copy everything into a Postgres database, or back",
    example: "yurt migrate --to postgres://yurt@db.example.com/yurt",
    switches: ["json"],
    texts: ["to", "from"],
    settings: ["data", "cluster.password", "cluster.ca-file"],
    load: async () => (await import("./migrate/migrate.ts")).migrate,
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
    help: "examine the machine, the data folder, the proxy, TURN and the running server; print a remedy for each problem",
    switches: ["json"],
    settings: "all",
    load: async () => (await import("./doctor/doctor.ts")).doctor,
  },
  {
    usage: "ports",
    help: "list the ports of the server, and which of them to open",
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
    help: "print the completion script for bash, zsh or fish",
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
    switches: ["deleted", "json"],
    texts: ["prefix"],
    settings: dataPlace,
    load: async () => (await import("./documents/list.ts")).listDocuments,
  },
  {
    usage: "info <name>",
    help: "show details of one document",
    switches: ["json"],
    settings: dataPlace,
    load: async () => (await import("./documents/info.ts")).documentInfo,
  },
  {
    usage: "export [names...]",
    help: "write documents as lines of JSON, which import reads (default: all documents)",
    example: "yurt documents export --output documents.ndjson",
    switches: ["history"],
    texts: ["output", "prefix"],
    settings: dataPlace,
    load: async () => (await import("./documents/export.ts")).exportDocuments,
  },
  {
    usage: "compact [names...]",
    help: "merge each document's update log into one snapshot (default: all); a server does so by itself",
    switches: ["json"],
    settings: [...dataPlace, "sync.no-gc"],
    load: async () => (await import("./documents/compact.ts")).compactDocuments,
  },
  {
    usage: "import <path>",
    help: "import an export, or the files of another server; existing documents are merged",
    example: "yurt documents import --from ndjson documents.ndjson",
    switches: ["dry-run", "json"],
    choices: ["from"],
    settings: [...dataPlace, "sync.no-gc", "limits.document-bytes", "limits.name-bytes"],
    load: async () => (await import("./documents/import.ts")).importDocuments,
  },
  {
    usage: "fork <name> <copy>",
    help: "copy the content of a document, or of a moment of its history, into a new one",
    switches: ["json"],
    texts: ["at"],
    settings: [...dataPlace, "sync.no-gc", "limits.document-bytes", "limits.name-bytes"],
    load: async () => (await import("./documents/fork.ts")).forkDocument,
  },
  {
    usage: "restore <name>",
    help: "make a document as it was at a moment, by an edit that can be undone",
    example: "yurt documents restore notes/7 --at 2h",
    switches: ["dry-run", "json"],
    texts: ["at"],
    settings: dataPlace,
    load: async () => (await import("./documents/restore.ts")).restoreDocument,
  },
  {
    usage: "delete <names...>",
    help: "delete documents; undelete takes it back",
    switches: ["json"],
    settings: dataPlace,
    load: async () => (await import("./documents/removal.ts")).deleteDocuments,
  },
  {
    usage: "undelete <names...>",
    help: "take the deletion of documents back",
    switches: ["json"],
    settings: dataPlace,
    load: async () => (await import("./documents/removal.ts")).undeleteDocuments,
  },
  {
    usage: "purge <names...>",
    help: "remove documents for ever, deleted or not, with their history",
    switches: ["json"],
    settings: dataPlace,
    load: async () => (await import("./documents/removal.ts")).purgeDocuments,
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

const apiKeyCommands: readonly CommandDefinition[] = [
  {
    usage: "create <name>",
    help: "create an API key and print it; only its hash is kept",
    example: "yurt api-key create robot --scope docs:write --prefix notes/",
    choices: ["scope"],
    texts: ["prefix"],
    settings: dataPlace,
    load: async () => (await import("./api-key/create.ts")).createApiKey,
  },
  {
    usage: "list",
    help: "list the API keys: id, scope, time, prefix, name",
    switches: ["json"],
    settings: dataPlace,
    load: async () => (await import("./api-key/list.ts")).listApiKeys,
  },
  {
    usage: "revoke <key>",
    help: "revoke an API key, by its name or id",
    settings: dataPlace,
    load: async () => (await import("./api-key/revoke.ts")).revokeApiKey,
  },
];

const adminCommands: readonly CommandDefinition[] = [
  {
    usage: "link",
    help: "print a link that signs in an administrator to the running server, once",
    settings: [...minting, "public-url"],
    load: async () => (await import("./admin/link.ts")).adminLink,
  },
];

export const commandGroups: readonly CommandGroup[] = [
  { name: "config", help: "show the configuration, or write a configuration file", commands: configCommands },
  {
    name: "api-key",
    help: "create, list and revoke keys for the HTTP API",
    note: "They take effect at once, whether the server runs or not.",
    commands: apiKeyCommands,
  },
  { name: "admin", help: "sign in administrators to the running server", commands: adminCommands },
  {
    name: "documents",
    help: "list, export, import, copy and delete documents",
    note: "With --cluster-url they work on the database, whether servers use it or not; else through the server that runs on the data folder, and if none does, on the folder itself. Only compact on a data folder needs the server to be stopped. On a folder they migrate the database of an older release, as a start does.",
    commands: documentCommands,
  },
];

export const switchHelp: Readonly<Record<Switch, string>> = {
  json: "print one JSON object per line",
  verify: "check the copy, down to every update",
  "dry-run": "read and check everything, write nothing",
  read: "read-only",
  admin: "permit administration of the server",
  history: "also their histories and versions, with deleted content",
  deleted: "list the deleted documents instead",
};

export const choiceHelp: Readonly<Record<Choice, ChoiceHelp>> = {
  from: {
    help: "ndjson for an export of Yurt, or the other server's storage format",
    placeholder: "format",
    words: sourceFormats,
  },
  scope: { help: "what the key permits, each with those before it", placeholder: "scope", words: scopes },
};

export interface ChoiceHelp {
  readonly help: string;
  readonly placeholder: string;
  readonly words: readonly string[];
}

export const textHelp: Readonly<Record<Text, { readonly help: string; readonly placeholder: string }>> = {
  user: { help: "user id", placeholder: "name" },
  output: { help: "write to this new file instead of standard output", placeholder: "file" },
  at: { help: "the moment: a time, how long ago (2h), a sequence, or a version", placeholder: "moment" },
  to: { help: "the empty database to fill, from the data folder; a repeated command goes on", placeholder: "url" },
  from: { help: "the database to copy into a new data folder; a repeated command goes on", placeholder: "url" },
  prefix: { help: "only documents whose names begin with this text", placeholder: "text" },
  ttl: {
    help: `lifetime: ${durationForms} (default: 1h; for TURN credentials turn.ttl, at most 24h)`,
    placeholder: "time",
  },
};

/** The whole table, for the completion of shells. */
function commandTable() {
  return { commands, groups: commandGroups, switchHelp, choiceHelp, textHelp };
}
