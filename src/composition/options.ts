import * as v from "valibot";
import { maxPatternLength } from "../auth/room-pattern.ts";
import { mebibyte } from "../config/limit.ts";
import type { Option } from "../config/option.ts";
import * as schemas from "../config/schemas.ts";
import { limitOptions } from "./limit-options.ts";

const authModes = ["open", "token", "webhook"] as const;
const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Every setting but the bounds, in the order of help and reference. */
const plainOptions = {
  host: option({
    kind: "text",
    schema: schemas.host,
    default: "127.0.0.1",
    expected: "an IP address or host name without a port, such as 127.0.0.1, ::1 or 0.0.0.0",
    help: "address to listen on; localhost means 127.0.0.1 and ::1; any but a loopback address needs --auth-mode",
    group: "Network",
    placeholder: "address",
  }),
  port: option({
    kind: "number",
    schema: schemas.port,
    default: 4444,
    expected: "a whole number from 0 to 65535 (0 takes any free port)",
    help: "port to listen on; 0 takes any free port",
    group: "Network",
    placeholder: "port",
    platformVariable: "PORT",
  }),
  "compat-ports": option({
    kind: "numbers",
    schema: schemas.ports,
    default: [],
    expected: "port numbers separated by commas, such as 8080,3001,9000",
    help: "extra ports to listen on, for clients with a hard-coded port: 8080 (Cliffy), 3001 (OctateCode), 9000 (PeerJS)",
    group: "Network",
    placeholder: "ports",
  }),
  "public-url": option<URL | undefined>({
    kind: "text",
    schema: v.optional(schemas.serverUrl),
    default: undefined,
    expected: "an http:// or https:// URL without a user and a query, such as https://collab.example.com",
    help: "URL at which clients reach Yurt through a reverse proxy; shown in the banner and the demo, and accepted as Host and Origin",
    group: "Network",
    placeholder: "url",
  }),
  "base-path": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.urlPath),
    default: undefined,
    expected: "a path that begins with a slash, such as /yurt",
    help: "path below which a reverse proxy serves Yurt; removed from requests that have it (default: the path of --public-url)",
    group: "Network",
    placeholder: "path",
  }),
  "proxy.trusted": option({
    kind: "texts",
    schema: schemas.addressRanges,
    default: [],
    expected: "IP addresses and ranges of them separated by commas, such as 127.0.0.1,10.0.0.0/8,fd00::/8",
    help: "trusted reverse proxies (IP or CIDR); their X-Forwarded-For is used as the client address",
    group: "Network",
    placeholder: "addresses",
  }),
  data: option({
    kind: "text",
    schema: schemas.path,
    default: "./yurt-data",
    expected: "the path of a folder; it is created when it does not exist",
    help: "data folder; created if needed",
    group: "Storage",
    placeholder: "folder",
    platformVariable: "STATE_DIRECTORY",
  }),
  "sync.enabled": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "sync and store documents",
    negativeHelp: "signaling only: store no documents",
    group: "Storage",
    placeholder: "true|false",
  }),
  "sync.durability": option<"disk" | "process">({
    kind: "text",
    schema: v.picklist(["disk", "process"]),
    default: "disk",
    expected: "disk (an acknowledged update survives power loss) or process (it survives a crash of the server)",
    help: "when to acknowledge an update: disk (after fsync; survives power loss) or process (after commit; survives a crash)",
    group: "Storage",
    placeholder: "disk|process",
  }),
  "sync.ack-window": option({
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000)),
    default: 20,
    expected: "a whole number of milliseconds from 0 to 1000",
    help: "with disk, acknowledgements wait at most this many ms for one fsync; others see an update at once. 0: no wait",
    group: "Storage",
    placeholder: "ms",
  }),
  "sync.memory": option({
    kind: "number",
    // The server counts bytes.
    schema: v.pipe(
      v.number(),
      v.integer(),
      v.minValue(16),
      v.maxValue(65_536),
      v.transform((mebibytes) => mebibytes * mebibyte),
    ),
    default: 256,
    expected: "a whole number of MiB from 16 to 65536",
    help: "memory budget for documents, in MiB; idle documents are unloaded",
    group: "Storage",
    placeholder: "MiB",
  }),
  "sync.no-gc": option<readonly string[]>({
    kind: "texts",
    schema: v.array(v.pipe(v.string(), v.nonEmpty(), v.maxLength(maxPatternLength))),
    default: [],
    expected: "document names and patterns separated by commas, such as notes/**,drawings/*; ** matches all documents",
    help: "documents that keep their deleted content, by name or pattern with * and **: for applications with gc: false",
    group: "Storage",
    placeholder: "names",
  }),
  "auth.mode": option<(typeof authModes)[number] | undefined>({
    kind: "text",
    schema: v.optional(v.picklist(authModes)),
    default: undefined,
    expected: "open (anyone who can reach the server), token (anyone with a valid token) or webhook (your app decides)",
    help: "who can connect: open (anyone who can reach the server), token (anyone with a valid token), webhook (your app decides)",
    group: "Access",
    placeholder: authModes.join("|"),
  }),
  "auth.secret": option<readonly string[] | undefined>({
    kind: "texts",
    schema: v.optional(schemas.secrets),
    default: undefined,
    expected: "a secret of at least 32 bytes; to rotate it two, separated by a comma or a space",
    help: "token signing secret (at least 32 bytes); with two, the first signs and both verify",
    group: "Access",
    placeholder: "secret",
    isSecret: true,
  }),
  "auth.jwks": option<schemas.Location | undefined>({
    kind: "text",
    schema: v.optional(schemas.location),
    default: undefined,
    expected: "an http:// or https:// URL without a user in it, or the path of a file",
    help: "JWKS URL or file of an external identity provider; with token only",
    group: "Access",
    placeholder: "url|file",
  }),
  "auth.issuer": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.claim),
    default: undefined,
    expected: "the iss claim of your tokens",
    help: "required issuer (iss claim)",
    group: "Access",
    placeholder: "text",
  }),
  "auth.audience": option<string | undefined>({
    kind: "text",
    schema: v.optional(schemas.claim),
    default: undefined,
    expected: "the aud claim of your tokens",
    help: "required audience (aud claim)",
    group: "Access",
    placeholder: "text",
  }),
  "auth.webhook-url": option<URL | undefined>({
    kind: "text",
    schema: v.optional(schemas.httpUrl),
    default: undefined,
    expected: "an http:// or https:// URL without a user in it",
    help: "URL at which your app is asked; required with webhook, used there only",
    group: "Access",
    placeholder: "url",
  }),
  "auth.webhook-secret": option<readonly Uint8Array[] | undefined>({
    kind: "texts",
    schema: v.optional(schemas.webhookSecrets),
    default: undefined,
    expected: "whsec_ followed by 24 to 64 bytes in base64; to rotate it two, separated by a comma or a space",
    help: "secret used to sign webhook requests (whsec_…); give two to rotate, both sign",
    group: "Access",
    placeholder: "secret",
    isSecret: true,
  }),
  "auth.readers-show-presence": option({
    kind: "boolean",
    schema: v.boolean(),
    default: true,
    expected: "true or false",
    help: "show read-only users in presence",
    negativeHelp: "hide read-only users from presence",
    group: "Access",
    placeholder: "true|false",
  }),
  "auth.origins": option<readonly string[]>({
    kind: "texts",
    schema: schemas.origins,
    default: [],
    expected:
      "origins separated by commas, such as https://app.example,https://*.example.com,capacitor://localhost; " +
      "local files are null or file://",
    help: "allowed web origins, comma-separated; * stands for the first label of a host (default: all)",
    group: "Access",
    placeholder: "origins",
  }),
  "signaling.peerjs-key": option({
    kind: "text",
    // PeerJS writes it into its URLs as it is.
    schema: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~-]{1,64}$/)),
    default: "peerjs",
    expected: "1 to 64 letters, digits, dots, underscores, tildes or hyphens",
    help: "key that PeerJS clients must pass",
    group: "Protocols",
    placeholder: "key",
  }),
  "signaling.peerjs-discovery": option({
    kind: "boolean",
    schema: v.boolean(),
    default: false,
    expected: "true or false",
    help: "let anyone list the ids of all connected PeerJS clients",
    group: "Protocols",
    placeholder: "true|false",
  }),
  "log.level": option<(typeof logLevels)[number]>({
    kind: "text",
    schema: v.picklist(logLevels),
    default: "info",
    expected: `one of ${logLevels.join(", ")}`,
    help: `minimum log level: ${logLevels.join(", ")}`,
    group: "Log",
    placeholder: "level",
  }),
};

/** Every setting of the server. */
export const options = { ...plainOptions, ...limitOptions };

export type OptionKey = keyof typeof options;

// Object.keys forgets the literal types.
export const optionKeys = Object.keys(options) as readonly OptionKey[];

function option<T>(definition: Option<T>): Option<T> {
  return definition;
}
